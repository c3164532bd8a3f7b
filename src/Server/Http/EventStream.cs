using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MiniGpt.Server.Http;

/// <summary>An answer that comes in pieces, as server-sent events.</summary>
internal sealed class EventStream
{
    private readonly HttpContext _context;
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>Begins an answer, or goes on with one.</summary>
    public EventStream(HttpContext context, bool isBegun = false)
    {
        _context = context;
        if (isBegun)
            return;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = new StringValues("no-cache");
    }

    /// <summary>Puts an event behind the others; it is sent by <see cref="Flush"/>.</summary>
    public void Add(Action<Utf8JsonWriter> write)
    {
        _buffer.Write("data: "u8);
        Json.Fill(_buffer, write);
        _buffer.Write("\n\n"u8);
    }

    /// <summary>Sends what has come together.</summary>
    public async Task Flush(CancellationToken cancellationToken)
    {
        await _context.Response.Body.WriteAsync(_buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
        await _context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        _buffer.ResetWrittenCount();
    }

    /// <summary>Says that there is no more.</summary>
    public Task End(CancellationToken cancellationToken)
    {
        _buffer.Write("data: [DONE]\n\n"u8);
        return Flush(cancellationToken);
    }
}
