using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt serve: a model behind OpenAI's endpoints, and a page to play with it.</summary>
internal sealed class ServeVerb : Verb
{
    internal const int DefaultPort = 8080;

    private const long Megabyte = 1 << 20;

    private readonly ModelOption _model = new();
    private readonly Option<string?> _tokenizer = TokenizerOption.ForModelWithout();
    private readonly Option<string?> _host = OptionFactory.Text("--host", "ADDRESS");
    private readonly Option<int> _port = OptionFactory.Whole("--port", 0, 65535).Defaulting(DefaultPort);
    private readonly Option<int> _parallel = OptionFactory.Whole("--parallel", 1, 1024).Defaulting(16);
    private readonly Option<int> _mostQueued = OptionFactory.Whole("--max-queue", 0, 1_000_000).Defaulting(64);
    private readonly Option<int> _cache = OptionFactory.Whole("--cache-megabytes", 1, int.MaxValue);
    private readonly Option<string?> _key = OptionFactory.Text("--api-key", "KEY");
    private readonly Option<string?> _keyFile = OptionFactory.Text("--api-key-file", "FILE");
    private readonly Option<string[]> _origins = new("--cors")
    {
        HelpName = "ORIGIN",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<int> _mostTokens = OptionFactory.Whole("--max-tokens", 1, int.MaxValue).Defaulting(4096);
    private readonly Option<int> _mostTime = OptionFactory.Whole("--max-seconds", 1, 86_400).Defaulting(600);
    private readonly Option<int> _drain = OptionFactory.Whole("--drain-seconds", 0, 86_400).Defaulting(10);

    public ServeVerb()
        : base("serve")
    {
        foreach (Option option in (IEnumerable<Option>)
            [_model, _tokenizer, _host, _port, _parallel, _mostQueued, _cache, _key, _keyFile, _origins, _mostTokens, _mostTime, _drain])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string path = _model.PathOf(arguments);
        ITokenizer? tokenizer = arguments.GetValue(_tokenizer) is string name ? TokenizerOption.Read(name, UnknownCharacter.Error) : null;
        GenerationLimits limits = new()
        {
            Parallel = arguments.GetValue(_parallel),
            MostQueued = arguments.GetValue(_mostQueued),
            CacheBytes = arguments.IsGiven(_cache) ? arguments.GetValue(_cache) * Megabyte : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4,
        };
        ServerOptions options = new()
        {
            Address = AddressOf(arguments.GetValue(_host) ?? "localhost"),
            Port = arguments.GetValue(_port),
            ApiKeys = Keys(arguments),
            Origins = arguments.GetValue(_origins) ?? [],
            Generation = limits,
            MostTokens = arguments.GetValue(_mostTokens),
            MostTime = TimeSpan.FromSeconds(arguments.GetValue(_mostTime)),
            Drain = TimeSpan.FromSeconds(arguments.GetValue(_drain)),
            Failed = SayFailure,
        };
        EndInGoodOrder();
        Serve(options, () => WorkDisplay.Run("reading the model", progress =>
            new ServedModel(TextModel.Load(path, tokenizer, limits, note => Talk.Say(LibraryMessages.Translated(note)), progress))), cancellationToken).GetAwaiter().GetResult();
        return 0;
    }

    private static async Task Serve(ServerOptions options, Func<ServedModel> load, CancellationToken cancellationToken)
    {
        Task<ServedModel> loading = Task.Run(load, CancellationToken.None);
        await using ModelServer server = await ModelServer.StartAsync(options, loading, cancellationToken).ConfigureAwait(false);
        ServedModel model = await loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        string does = model.Config.Kind switch
        {
            ModelKind.Encoder => Messages.Of("serve.reads"),
            ModelKind.Translator => Messages.Of("serve.translates"),
            _ => Messages.Of("serve.writes", ("count", options.Generation.Parallel), ("template", model.Template.Name)),
        };
        Talk.Say(Messages.Of("serve.ready", ("address", server.Address), ("model", model.Id), ("does", does)));
        if (!IPAddress.IsLoopback(options.Address) && options.ApiKeys.Count == 0)
            Talk.Note(Messages.Of("serve.open"));
        await Interruption(cancellationToken).ConfigureAwait(false);
        Talk.Say(Messages.Of("serve.ending", ("seconds", options.Drain.TotalSeconds)));
        await server.StopAsync().ConfigureAwait(false);
    }

    /// <summary>Says what a service itself did wrong.</summary>
    internal static void SayFailure(Exception error) => Talk.Say(Messages.Of("serve.failed", ("type", error.GetType().Name), ("message", error.Message)));

    private static IPAddress AddressOf(string host)
    {
        if (host == "localhost")
            return IPAddress.Loopback;
        if (IPAddress.TryParse(host, out IPAddress? address))
            return address;
        try
        {
            if (Dns.GetHostAddresses(host) is [{ } found, ..])
                return found;
        }
        catch (SocketException)
        {
            // no such name: said below
        }

        throw new UsageException(Messages.Of("serve.host", ("found", host)));
    }

    private string[] Keys(ParseResult arguments)
    {
        List<string> keys = [];
        if (arguments.GetValue(_key) is { } key)
            keys.Add(key);
        if (arguments.GetValue(_keyFile) is { } file)
        {
            string[] lines = [.. File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0)];
            if (lines.Length == 0)
                throw new UsageException(Messages.Of("serve.no-key", ("file", file)));
            keys.AddRange(lines);
        }

        return keys.Any(one => one.Length == 0) ? throw new UsageException(Messages.Of("serve.empty-key")) : [.. keys];
    }
}
