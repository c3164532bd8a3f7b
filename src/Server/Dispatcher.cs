using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server.Endpoints;
using MiniGpt.Server.Http;

namespace MiniGpt.Server;

/// <summary>Brings every request to its endpoint, and every error into one form.</summary>
internal sealed class Dispatcher
{
    private const string ModelPath = "/v1/models/";
    private const string UnknownPath = "other";

    private readonly ServerOptions _options;
    private readonly Task<ServedModel> _model;
    private readonly AccessRules _access;
    private readonly StatusEndpoints _status = new();
    private readonly Dictionary<string, Endpoint> _endpoints;

    public Dispatcher(ServerOptions options, Task<ServedModel> model)
    {
        (_options, _model, _access) = (options, model, new AccessRules(options));
        _endpoints = new Dictionary<string, Endpoint>(StringComparer.Ordinal)
        {
            ["/"] = new("GET", (context, _, _) => PageEndpoint.Show(context), IsOpen: true, NeedsModel: false),
            ["/health"] = new("GET", (context, served, _) => StatusEndpoints.Health(context, served), IsOpen: true),
            ["/metrics"] = new("GET", (context, served, _) => _status.Metrics(context, served)),
            ["/v1/models"] = new("GET", (context, served, _) => ModelEndpoints.List(context, served)),
            ["/v1/completions"] = new("POST", (context, served, token) => CompletionEndpoint.Answer(context, served, options, token)),
            ["/v1/chat/completions"] = new("POST", (context, served, token) => ChatEndpoint.Answer(context, served, options, token)),
            ["/v1/embeddings"] = new("POST", EmbeddingEndpoint.Answer),
            ["/v1/translate"] = new("POST", TranslationEndpoint.Answer),
            ["/tokenize"] = new("POST", (context, served, _) => TokenEndpoints.Tokenize(context, served)),
            ["/attention"] = new("POST", AttentionEndpoint.Answer),
            ["/detokenize"] = new("POST", (context, served, _) => TokenEndpoints.Detokenize(context, served)),
        };
    }

    /// <summary>Answers a request.</summary>
    public async Task Answer(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        using CancellationTokenSource time = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        time.CancelAfter(_options.MostTime);
        context.Response.Headers.XContentTypeOptions = new StringValues("nosniff");
        try
        {
            await Answer(context, path, time.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (!context.RequestAborted.IsCancellationRequested)
        {
            ApiException told = ErrorOf(error, time.IsCancellationRequested);
            if (told.Status == StatusCodes.Status500InternalServerError)
                _options.Failed?.Invoke(error);
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

        _status.Count(_endpoints.ContainsKey(path) ? path : UnknownPath, context.Response.StatusCode);
    }

    private async Task Answer(HttpContext context, string path, CancellationToken cancellationToken)
    {
        string? modelName = path.StartsWith(ModelPath, StringComparison.Ordinal) ? path[ModelPath.Length..] : null;
        Endpoint? endpoint = modelName is null
            ? _endpoints.GetValueOrDefault(path)
            : new Endpoint("GET", (http, served, _) => ModelEndpoints.Show(http, served, modelName));
        bool isPreflight = HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.Origin.Count > 0;
        _access.Check(context, endpoint?.IsOpen == true || isPreflight);
        if (isPreflight)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        if (endpoint is null)
            throw new ApiException(404, "there is no such path here", code: "unknown_url");
        if (context.Request.Method != endpoint.Method)
        {
            context.Response.Headers.Allow = new StringValues(endpoint.Method);
            throw new ApiException(405, $"{endpoint.Method} expected", code: "method_not_allowed");
        }

        if (!endpoint.NeedsModel)
            await endpoint.Answer(context, null!, cancellationToken).ConfigureAwait(false);
        else if (_model.IsCompletedSuccessfully)
            await endpoint.Answer(context, await _model.ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        else
            throw new ApiException(503, "the model is being loaded", code: "loading");
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

    /// <summary>Tells an error; where the answer has begun already, as its last event.</summary>
    private static async Task Fail(HttpContext context, ApiException error)
    {
        try
        {
            if (!context.Response.HasStarted)
            {
                await Json.WriteError(context, error).ConfigureAwait(false);
                return;
            }

            using EventStream events = new(context, isBegun: true);
            events.Add(json => Json.WriteError(json, error));
            await events.Flush(context.RequestAborted).ConfigureAwait(false);
            context.Abort(); // so that nobody takes this for a whole answer
        }
        catch (OperationCanceledException)
        {
            // It left in the meantime.
        }
    }

    /// <summary>Something that can be asked for.</summary>
    /// <param name="Method">How.</param>
    /// <param name="Answer">Answers it.</param>
    /// <param name="IsOpen">Whether it needs no key.</param>
    /// <param name="NeedsModel">Whether it has to wait for the model.</param>
    private sealed record Endpoint(
        string Method, Func<HttpContext, ServedModel, CancellationToken, Task> Answer, bool IsOpen = false, bool NeedsModel = true);
}
