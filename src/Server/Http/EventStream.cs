using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MiniGpt.Server.Http;

/// <summary>An answer that comes in pieces, as server-sent events.</summary>
internal sealed class EventStream : IDisposable
{
    // What a slow client has not taken is sent in pieces of about this size.
    private const int ManyBytes = 16 << 10;

    private readonly HttpContext _context;
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private readonly Utf8JsonWriter _json;

    /// <summary>Begins an answer, or goes on with one.</summary>
    public EventStream(HttpContext context, bool isBegun = false)
    {
        _context = context;
        _json = Json.Writer(_buffer);
        if (isBegun)
            return;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = new StringValues("no-cache");
    }

    /// <summary>Puts an event behind the others; it is sent by <see cref="Flush(CancellationToken)"/>.</summary>
    public void Add(Action<Utf8JsonWriter> write)
    {
        _buffer.Write("data: "u8);
        _json.Reset(_buffer);
        write(_json);
        _json.Flush();
        _buffer.Write("\n\n"u8);
    }

    /// <summary>
    /// Sends what has come together, unless more is there to come with it: when texts are written faster than they are sent, sending each token
    /// by itself would keep others waiting for their first.
    /// </summary>
    public Task Flush(bool more, CancellationToken cancellationToken) =>
        _buffer.WrittenCount == 0 || (more && _buffer.WrittenCount < ManyBytes) ? Task.CompletedTask : Flush(cancellationToken);

    /// <summary>Sends what has come together.</summary>
    public async Task Flush(CancellationToken cancellationToken)
    {
        await _context.Response.Body.WriteAsync(_buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
        await _context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        _buffer.ResetWrittenCount();
    }

    /// <summary>Gives up the writer.</summary>
    public void Dispose() => _json.Dispose();

    /// <summary>Says that there is no more.</summary>
    public Task End(CancellationToken cancellationToken)
    {
        _buffer.Write("data: [DONE]\n\n"u8);
        return Flush(cancellationToken);
    }
}
