using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server;
using MiniGpt.Tests.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>A small trained model, served to the tests of a class at any free port.</summary>
public sealed class ServedTinyModel : IAsyncLifetime
{
    internal const string Id = "tiny";

    private ModelServer? _server;

    internal Uri Address => _server!.Address;

    internal HttpClient Client { get; } = new();

    public async ValueTask InitializeAsync()
    {
        _server = await Start(new ServerOptions());
        Client.BaseAddress = _server.Address;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server!.DisposeAsync();
    }

    /// <summary>Serves the model another time, with other options.</summary>
    internal static Task<ModelServer> Start(ServerOptions options) => Start(options, TinyModels.Get("trained").ForReading(), TinyModels.Tokenizer);

    /// <summary>Serves any model.</summary>
    internal static Task<ModelServer> Start(ServerOptions options, LanguageModel<float> model, ITokenizer tokenizer, ITokenizer? sourceTokenizer = null) =>
        ModelServer.StartAsync(options with { Port = 0 }, Task.FromResult(new ServedModel(new TextModel(Id, model, tokenizer, limits: options.Generation, sourceTokenizer: sourceTokenizer))));

    /// <summary>Asks, and reads what is answered.</summary>
    internal async Task<JsonNode> Post(string path, string json, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using HttpResponseMessage response = await Client.PostAsync(path, JsonContent(json), TestContext.Current.CancellationToken);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == expected, $"{response.StatusCode}: {body}");
        return JsonNode.Parse(body)!;
    }

    /// <summary>Asks for an answer in pieces.</summary>
    /// <returns>Its events, without the last.</returns>
    internal async Task<JsonNode[]> Stream(string path, string json)
    {
        using HttpResponseMessage response = await Client.PostAsync(path, JsonContent(json), TestContext.Current.CancellationToken);
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        string[] events = body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        return [.. events[..^1].Select(line => JsonNode.Parse(line["data: ".Length..])!)];
    }

    internal static StringContent JsonContent(string json) => new(json, Encoding.UTF8, "application/json");
}
