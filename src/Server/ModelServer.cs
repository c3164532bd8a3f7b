using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace MiniGpt.Server;

/// <summary>A model behind OpenAI's endpoints, on ASP.NET Core.</summary>
public sealed class ModelServer : IAsyncDisposable
{
    private const int BytesASecond = 100;
    private const int MostHeaderBytes = 16 << 10;

    private readonly WebApplication _application;
    private readonly ServerOptions _options;
    private readonly Task<ServedModel> _model;

    private ModelServer(WebApplication application, ServerOptions options, Task<ServedModel> model)
    {
        (_application, _options, _model) = (application, options, model);
        Address = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Begins to listen. Until the model is there, requests are told to wait.</summary>
    /// <param name="options">Where, and for whom.</param>
    /// <param name="model">The model, on its way.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public static async Task<ModelServer> StartAsync(ServerOptions options, Task<ServedModel> model, CancellationToken cancellationToken = default)
    {
        options.Validate();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions()); // no files and no environment of others
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        WebApplication application = builder.Build();
        Dispatcher dispatcher = new(options, model);
        application.Run(dispatcher.Answer);
        await application.StartAsync(cancellationToken).ConfigureAwait(false);
        return new ModelServer(application, options, model);
    }

    /// <summary>Lets nobody in any more, lets what runs end for as long as the options say, and then ends it.</summary>
    public async Task StopAsync()
    {
        using CancellationTokenSource drain = new(_options.Drain);
        Task closed = _model.IsCompletedSuccessfully && (await _model.ConfigureAwait(false)).Generation is { } generation
            ? generation.CloseAsync(drain.Token)
            : Task.CompletedTask;
        await _application.StopAsync(drain.Token).ConfigureAwait(false);
        await closed.ConfigureAwait(false);
    }

    /// <summary>Ends everything at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync().ConfigureAwait(false);
        if (_model.IsCompletedSuccessfully)
            await (await _model.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
    }

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MostBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = options.MostConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = MostHeaderBytes;
        kestrel.Limits.MaxRequestLineSize = MostHeaderBytes / 2;
        kestrel.Limits.RequestHeadersTimeout = options.Patience;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(BytesASecond, options.Patience);
        kestrel.Limits.MinResponseDataRate = new MinDataRate(BytesASecond, options.Patience);
        kestrel.Listen(new IPEndPoint(options.Address, options.Port), listen => listen.Protocols = HttpProtocols.Http1);
    }
}
