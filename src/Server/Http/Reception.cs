using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Server.Http;

/// <summary>Something that can be asked for.</summary>
/// <param name="Method">How.</param>
/// <param name="Answer">Answers it.</param>
/// <param name="IsOpen">Whether it needs no key.</param>
internal sealed record Resource(string Method, Func<HttpContext, CancellationToken, Task> Answer, bool IsOpen = false);

/// <summary>What happens to every request, whatever it asks for: who is let in, how long it may take, and what becomes of an error.</summary>
/// <param name="options">Whom, and how long.</param>
/// <param name="tell">Tells a client of an error, in the form of the service.</param>
internal sealed class Reception(ServerOptions options, Func<HttpContext, ApiException, Task> tell)
{
    private readonly AccessRules _access = new(options);

    /// <summary>Answers a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="resource">What it asks for; null where there is no such thing.</param>
    public async Task Answer(HttpContext context, Resource? resource)
    {
        using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        time.CancelAfter(options.MostTime);
        context.Response.Headers.XContentTypeOptions = new StringValues("nosniff");
        try
        {
            await Answer(context, resource, time.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (!context.RequestAborted.IsCancellationRequested)
        {
            ApiException told = ErrorOf(error, time.IsCancellationRequested);
            if (told.Status == StatusCodes.Status500InternalServerError)
                options.Failed?.Invoke(error);
            await Fail(context, told).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whoever asked is gone: there is nobody to tell.
        }
        finally
        {
            await time.CancelAsync().ConfigureAwait(false); // of a request that failed, prompts may have begun
        }
    }

    private async Task Answer(HttpContext context, Resource? resource, CancellationToken cancellationToken)
    {
        bool isPreflight = HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.Origin.Count > 0;
        _access.Check(context, resource?.IsOpen == true || isPreflight);
        if (isPreflight)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        if (resource is null)
            throw new ApiException(404, "there is no such path here", code: "unknown_url");
        if (context.Request.Method != resource.Method)
        {
            context.Response.Headers.Allow = new StringValues(resource.Method);
            throw new ApiException(405, $"{resource.Method} expected", code: "method_not_allowed");
        }

        await resource.Answer(context, cancellationToken).ConfigureAwait(false);
    }

    private static ApiException ErrorOf(Exception error, bool isLate) => error switch
    {
        ApiException known => known,
        TextEncodingException text => new ApiException(400, text.Message, code: "invalid_text"),
        BadHttpRequestException request => new ApiException(request.StatusCode,
            request.StatusCode == 413 ? "the body is longer than is allowed" : "the request is no HTTP, or came too slowly", code: "bad_request"),
        ArgumentException argument => new ApiException(400, argument.Message, code: "invalid_value"),
        OperationCanceledException when isLate => new ApiException(408, "the request took longer than is allowed", code: "timeout"),
        OperationCanceledException => new ApiException(503, "the service is closing", code: "closing"),
        _ => new ApiException(500, "an error of the service itself", code: "internal_error"),
    };

    private async Task Fail(HttpContext context, ApiException error)
    {
        if (!context.Response.HasStarted)
        {
            if (error.Status == StatusCodes.Status429TooManyRequests)
                context.Response.Headers.RetryAfter = new StringValues("1");
            if (error.Status == StatusCodes.Status401Unauthorized)
                context.Response.Headers.WWWAuthenticate = new StringValues("Bearer");
        }

        try
        {
            await tell(context, error).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It left in the meantime.
        }
    }
}
