using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace MiniGpt.Server.Http;

/// <summary>What listens at an address, within the limits of the options: Kestrel, without files and without an environment of others.</summary>
internal sealed class WebService : IAsyncDisposable
{
    private const int BytesASecond = 100;
    private const int MostHeaderBytes = 16 << 10;

    private readonly WebApplication _application;

    private WebService(WebApplication application)
    {
        _application = application;
        Address = new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Where, and for whom.</param>
    /// <param name="answer">Answers a request.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">The address cannot be listened at.</exception>
    public static async Task<WebService> StartAsync(ServerOptions options, RequestDelegate answer, CancellationToken cancellationToken)
    {
        options.Validate();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Configure(kestrel, options));
        WebApplication application = builder.Build();
        application.Run(answer);
        await application.StartAsync(cancellationToken).ConfigureAwait(false);
        return new WebService(application);
    }

    /// <summary>Lets nobody in any more, and ends what still runs once this is cancelled.</summary>
    public Task StopAsync(CancellationToken drained) => _application.StopAsync(drained);

    /// <summary>Ends everything at once.</summary>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static void Configure(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MostBodyBytes;
        kestrel.Limits.MaxConcurrentConnections = options.MostConnections;
        kestrel.Limits.MaxRequestHeadersTotalSize = MostHeaderBytes;
        kestrel.Limits.MaxRequestLineSize = options.MostLineBytes;
        kestrel.Limits.RequestHeadersTimeout = options.Patience;
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(BytesASecond, options.Patience);
        kestrel.Limits.MinResponseDataRate = new MinDataRate(BytesASecond, options.Patience);
        kestrel.Listen(new IPEndPoint(options.Address, options.Port), listen => listen.Protocols = HttpProtocols.Http1);
    }
}
