using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace MiniGpt.Server.Http;

/// <summary>Reads and writes JSON, without reflection.</summary>
internal static class Json
{
    // What is written is JSON for programs and never part of a page: letters of all scripts stay as they are.
    private static readonly JsonWriterOptions s_writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions s_reading = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <summary>Reads the fields of a request's body, a JSON object.</summary>
    /// <exception cref="ApiException">It is none.</exception>
    public static async Task<RequestFields> Read(HttpContext context)
    {
        if (!context.Request.HasJsonContentType())
            throw new ApiException(415, "the content type must be application/json", code: "unsupported_media_type");
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body, s_reading, context.RequestAborted).ConfigureAwait(false);
            return new RequestFields(document.RootElement.Clone());
        }
        catch (JsonException error)
        {
            throw new ApiException(400, $"the body is no JSON, at line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}", code: "invalid_json");
        }
    }

    /// <summary>Writes an answer.</summary>
    public static async Task Write(HttpContext context, Action<Utf8JsonWriter> write, int status = 200)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = Writer(buffer))
            write(json);
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = buffer.WrittenCount;
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Writes OpenAI's error object.</summary>
    public static Task WriteError(HttpContext context, ApiException error) => Write(context, json => WriteError(json, error), error.Status);

    /// <summary>Writes the error object itself.</summary>
    public static void WriteError(Utf8JsonWriter json, ApiException error)
    {
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", error.Message);
        json.WriteString("type", error.Type);
        json.WriteString("param", error.Parameter);
        json.WriteString("code", error.Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>What writes JSON to a buffer.</summary>
    public static Utf8JsonWriter Writer(ArrayBufferWriter<byte> buffer) => new(buffer, s_writing);
}
