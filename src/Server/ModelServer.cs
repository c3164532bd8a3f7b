using MiniGpt.Server.Http;

namespace MiniGpt.Server;

/// <summary>A model behind OpenAI's endpoints, on ASP.NET Core.</summary>
public sealed class ModelServer : IAsyncDisposable
{
    private readonly WebService _service;
    private readonly ServerOptions _options;
    private readonly Task<ServedModel> _model;

    private ModelServer(WebService service, ServerOptions options, Task<ServedModel> model) => (_service, _options, _model) = (service, options, model);

    /// <summary>Where it listens.</summary>
    public Uri Address => _service.Address;

    /// <summary>Begins to listen. Until the model is there, requests are told to wait.</summary>
    /// <param name="options">Where, and for whom.</param>
    /// <param name="model">The model, on its way.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public static async Task<ModelServer> StartAsync(ServerOptions options, Task<ServedModel> model, CancellationToken cancellationToken = default)
    {
        WebService service = await WebService.StartAsync(options, new Dispatcher(options, model).Answer, cancellationToken).ConfigureAwait(false);
        return new ModelServer(service, options, model);
    }

    /// <summary>Lets nobody in any more, lets what runs end for as long as the options say, and then ends it.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource drain = new(_options.Drain);
        Task closed = _model.IsCompletedSuccessfully && (await _model.ConfigureAwait(false)).Generation is { } generation
            ? generation.CloseAsync(drain.Token)
            : Task.CompletedTask;
        await _service.StopAsync(drain.Token).ConfigureAwait(false);
        await closed.ConfigureAwait(false);
    }

    /// <summary>Ends everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync().ConfigureAwait(false);
        if (_model.IsCompletedSuccessfully)
            await (await _model.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
    }
}
