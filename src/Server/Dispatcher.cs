using Microsoft.AspNetCore.Http;
using MiniGpt.Server.Endpoints;
using MiniGpt.Server.Http;

namespace MiniGpt.Server;

/// <summary>Brings every request to its endpoint, and every error into OpenAI's form.</summary>
internal sealed class Dispatcher
{
    private const string ModelPath = "/v1/models/";
    private const string UnknownPath = "other";

    private readonly Task<ServedModel> _model;
    private readonly Reception _reception;
    private readonly StatusEndpoints _status = new();
    private readonly Dictionary<string, Resource> _resources;

    public Dispatcher(ServerOptions options, Task<ServedModel> model)
    {
        (_model, _reception) = (model, new Reception(options, Tell));
        _resources = new Dictionary<string, Resource>(StringComparer.Ordinal)
        {
            ["/"] = new("GET", (context, _) => PageEndpoint.Show(context), IsOpen: true),
            ["/health"] = new("GET", WithModel((context, served, _) => StatusEndpoints.Health(context, served)), IsOpen: true),
            ["/metrics"] = new("GET", WithModel((context, served, _) => _status.Metrics(context, served))),
            ["/v1/models"] = new("GET", WithModel((context, served, _) => ModelEndpoints.List(context, served))),
            ["/v1/completions"] = new("POST", WithModel((context, served, token) => CompletionEndpoint.Answer(context, served, options, token))),
            ["/v1/chat/completions"] = new("POST", WithModel((context, served, token) => ChatEndpoint.Answer(context, served, options, token))),
            ["/v1/embeddings"] = new("POST", WithModel(EmbeddingEndpoint.Answer)),
            ["/v1/translate"] = new("POST", WithModel(TranslationEndpoint.Answer)),
            ["/tokenize"] = new("POST", WithModel((context, served, _) => TokenEndpoints.Tokenize(context, served))),
            ["/attention"] = new("POST", WithModel(AttentionEndpoint.Answer)),
            ["/detokenize"] = new("POST", WithModel((context, served, _) => TokenEndpoints.Detokenize(context, served))),
        };
    }

    /// <summary>Answers a request.</summary>
    public async Task Answer(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        await _reception.Answer(context, ResourceOf(path)).ConfigureAwait(false);
        _status.Count(_resources.ContainsKey(path) ? path : UnknownPath, context.Response.StatusCode);
    }

    private Resource? ResourceOf(string path)
    {
        string? modelName = path.StartsWith(ModelPath, StringComparison.Ordinal) ? path[ModelPath.Length..] : null;
        return modelName is null
            ? _resources.GetValueOrDefault(path)
            : new Resource("GET", WithModel((context, served, _) => ModelEndpoints.Show(context, served, modelName)));
    }

    /// <summary>What needs the model, and has to wait until it is there.</summary>
    private Func<HttpContext, CancellationToken, Task> WithModel(Func<HttpContext, ServedModel, CancellationToken, Task> answer) => async (context, token) =>
    {
        if (!_model.IsCompletedSuccessfully)
            throw new ApiException(503, "the model is being loaded", code: "loading");
        await answer(context, await _model.ConfigureAwait(false), token).ConfigureAwait(false);
    };

    /// <summary>Tells an error; where the answer has begun already, as its last event.</summary>
    private static async Task Tell(HttpContext context, ApiException error)
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
}
