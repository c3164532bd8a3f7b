using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;

namespace MiniGpt.Model.Files;

/// <summary>Reads and writes the small JSON files of a model folder.</summary>
public static class JsonFile
{
    private const int LongestFile = 64 << 20;
    private const int LongestKey = 80; // in a message

    /// <summary>Written as other tools write: indented, and with every character that JSON allows as itself.</summary>
    private static readonly JsonWriterOptions s_writing = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonDocumentOptions s_reading = new() { MaxDepth = 32 };

    /// <summary>Reads a file whose JSON is an object and gives it to <paramref name="parse"/>.</summary>
    /// <exception cref="FileFormatException">It is no JSON object, or a string in it is no Unicode.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static T Read<T>(string path, Func<JsonElement, T> parse) => Parse(path, RegularFile.ReadAll(path, LongestFile, "JSON"), parse);

    /// <summary>Parses JSON that came out of a file and gives the object to <paramref name="parse"/>.</summary>
    /// <exception cref="FileFormatException">It is no JSON object, or a string in it is no Unicode.</exception>
    internal static T Parse<T>(string path, ReadOnlyMemory<byte> json, Func<JsonElement, T> parse)
    {
        json = AsUtf8(json);
        if (JsonEscapes.FindHalf(json.Span) is var half and >= 0)
            throw new FileFormatException(path, $"no valid JSON: half of a surrogate pair found at byte {half}, Unicode text expected");
        if (!Utf8.IsValid(json.Span))
            throw new FileFormatException(path, $"no valid JSON: no UTF-8 found at byte {Utf8Characters.ValidLength(json.Span)}, Unicode text expected");
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, s_reading);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new FileFormatException(path, $"a JSON {Kind(document.RootElement)} found, an object expected");
            if (JsonKeys.FindRepeated(document.RootElement) is { } key)
                throw new FileFormatException(path, $"no valid JSON: the key '{Excerpt.Of(key, LongestKey)}' found twice in one object, once expected");
            return parse(document.RootElement);
        }
        catch (JsonException error)
        {
            throw new FileFormatException(path, $"no valid JSON: {error.Message}", error);
        }
    }

    /// <summary>JSON as editors write it: with a byte-order mark, or in UTF-16 with one.</summary>
    private static ReadOnlyMemory<byte> AsUtf8(ReadOnlyMemory<byte> json)
    {
        (Encoding? encoding, int mark) = TextInput.FormOf(json.Span);
        return encoding is null ? json[mark..] : Encoding.Convert(encoding, Encoding.UTF8, json[mark..].ToArray());
    }

    /// <summary>Makes something out of what was read from a file; where that is refused, the file is.</summary>
    /// <exception cref="FileFormatException"><paramref name="make"/> threw an <see cref="ArgumentException"/>.</exception>
    internal static T Refusing<T>(string path, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (ArgumentException error)
        {
            throw new FileFormatException(path, error.Message, error);
        }
    }

    /// <summary>Writes an object, whole or not at all.</summary>
    internal static void Write(string path, JsonObject content)
    {
        using AtomicFile file = AtomicFile.Create(path);
        Write(file.Stream, content);
        file.Commit();
    }

    /// <summary>Writes an object to a stream, which stays the caller's.</summary>
    internal static void Write(Stream stream, JsonObject content)
    {
        using (Utf8JsonWriter writer = new(stream, s_writing))
            content.WriteTo(writer);
        stream.WriteByte((byte)'\n');
    }

    /// <summary>What a value is, in the words of a message.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };
}
