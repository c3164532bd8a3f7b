using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using MiniGpt.Server.Http;

namespace MiniGpt.Server;

/// <summary>A page that answers a request.</summary>
/// <param name="Html">The page, in UTF-8.</param>
/// <param name="IsRefusal">Whether it says that the text cannot be shown.</param>
public sealed record PageAnswer(ReadOnlyMemory<byte> Html, bool IsRefusal = false);

/// <summary>Makes the page of a text.</summary>
/// <param name="text">The text; null where none is asked for.</param>
/// <param name="cancellationToken">Is cancelled when whoever asked is gone, or has waited for too long.</param>
public delegate PageAnswer PageMaker(string? text, CancellationToken cancellationToken);

/// <summary>A page that is made anew for each text that is asked for, one at a time: <c>/</c>, or <c>/?text=TEXT</c>.</summary>
public sealed class PageServer : IAsyncDisposable
{
    private const int MostCharacters = 20_000;
    private const int MostLineBytes = 256 << 10; // so that a text of that many characters, each of nine bytes in an address, fits

    // The rest is what the page itself says.
    private const string Policy = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly ServerOptions _options;
    private readonly WebService _service;
    private readonly Turns _turns;

    private PageServer(ServerOptions options, WebService service, Turns turns) => (_options, _service, _turns) = (options, service, turns);

    /// <summary>Where it listens.</summary>
    public Uri Address => _service.Address;

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Where, and for whom.</param>
    /// <param name="make">Makes the pages.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public static async Task<PageServer> StartAsync(ServerOptions options, PageMaker make, CancellationToken cancellationToken = default)
    {
        Turns turns = new(options.Generation.MostQueued);
        Reception reception = new(options, Tell);
        Resource page = new("GET", (context, token) => Show(context, make, turns, token));
        WebService service = await WebService.StartAsync(
            options with { MostLineBytes = MostLineBytes }, context => reception.Answer(context, context.Request.Path == "/" ? page : null), cancellationToken).ConfigureAwait(false);
        return new PageServer(options, service, turns);
    }

    /// <summary>Lets nobody in any more, lets what runs end for as long as the options say, and then ends it.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource drain = new(_options.Drain);
        await _service.StopAsync(drain.Token).ConfigureAwait(false);
    }

    /// <summary>Ends everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync().ConfigureAwait(false);
        _turns.Dispose();
    }

    private static async Task Show(HttpContext context, PageMaker make, Turns turns, CancellationToken cancellationToken)
    {
        string? text = context.Request.Query["text"] is [{ } first, ..] ? first : null;
        if (text?.Length > MostCharacters)
            throw new ApiException(400, $"the text has {text.Length} characters, at most {MostCharacters} expected");
        PageAnswer answer = await turns.Take(() => make(text, cancellationToken), cancellationToken).ConfigureAwait(false);
        context.Response.StatusCode = answer.IsRefusal ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = answer.Html.Length;
        context.Response.Headers.ContentSecurityPolicy = new StringValues(Policy);
        context.Response.Headers["Referrer-Policy"] = new StringValues("no-referrer");
        await context.Response.Body.WriteAsync(answer.Html, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells of an error in one line; where the page has begun already, breaks it off.</summary>
    private static async Task Tell(HttpContext context, ApiException error)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.StatusCode = error.Status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = null;
        await context.Response.WriteAsync($"{error.Message}\n", context.RequestAborted).ConfigureAwait(false);
    }
}
