using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt explain: a page that shows what a model does with a sentence.</summary>
internal sealed class ExplainVerb : Verb
{
    /// <summary>The scripts of the page. The last one puts the sections of the others on it.</summary>
    internal static IReadOnlyList<string> Scripts { get; } =
    [
        "explain-story.js", "explain-input.js", "explain-rotation.js", "explain-attention.js", "explain-output.js", "explain-parts.js",
        "explain-translation.js", "live-forward.js", "live.js", "live-content.js", "explain-against.js", "explain.js",
    ];

    private static readonly TimeSpan s_drain = TimeSpan.FromSeconds(0.5); // a page can be asked for again

    private const string EnglishSentence = "To be, or not to be, that is the question", JapaneseSentence = "吾輩は猫である。名前はまだ無い。";

    private readonly ModelOption _model = new();
    private readonly Option<string?> _text = OptionFactory.Text(OptionFactory.TextName, "TEXT");
    private readonly Option<string?> _against = OptionFactory.Text("--against", "TEXT");
    private readonly PageOption _out = new();
    private readonly Option<bool> _open = new("--open");
    private readonly Option<bool> _serve = new("--serve");
    private readonly Option<int> _port = OptionFactory.Whole("--port", 0, 65535).Defaulting(ServeVerb.DefaultPort);
    private readonly Option<string?> _to = OptionFactory.Text("--to", "LANGUAGE");
    private readonly Option<int> _beam = OptionFactory.Whole("--beam", 1, 16).Defaulting(new ExplanationOptions().Beams);
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>("--unknown");

    public ExplainVerb()
        : base("explain")
    {
        foreach (Option option in (IEnumerable<Option>)[_model, _text, _against, _out, _open, _serve, _port, _to, _beam, _unknown])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        bool serves = arguments.GetValue(_serve);
        if (serves && arguments.IsGiven(_out))
            throw new UsageException(Messages.Of("explain.serves-no-file", ("serve", _serve.Name), ("out", _out.Name)));
        if (!serves && arguments.IsGiven(_port))
            throw new UsageException(Messages.Of("explain.port", ("port", _port.Name), ("serve", _serve.Name)));
        string from = _model.PathOf(arguments), path = serves ? "" : _out.PathOf(arguments, from) ?? PageOption.FreeName($"explain-{NameOf(from)}");
        using ModelFile file = ModelFile.Open(from, arguments.GetValue(_unknown));
        foreach (Option option in (IEnumerable<Option>)[_to, _beam])
        {
            if (arguments.IsGiven(option) && file.Config.Kind != ModelKind.Translator)
                throw new UsageException(Messages.Of("explain.translates-alone", ("option", option.Name), ("model", from)));
        }
        ExplanationOptions options = new() { Language = arguments.GetValue(_to), Beams = arguments.GetValue(_beam), Against = arguments.GetValue(_against) };
        string text = arguments.GetValue(_text) ?? SentenceFor(file);
        if (options.Against is string other)
            RequirePair(file, from, text, other);
        LoadedModel<float> model = ModelReading.Load(file);
        SentenceExplanation explanation = Explain(model, text, options, isGiven: arguments.IsGiven(_text), cancellationToken);
        if (explanation.LeftOut > 0)
            Talk.Note(Messages.Of("explain.left-out", ("model", from), ("tokens", explanation.Sentence.Tokens.Length), ("count", explanation.LeftOut)));
        cancellationToken.ThrowIfCancellationRequested();
        if (serves)
        {
            EndInGoodOrder();
            Serve(new ExplainPages(model, explanation, options), from, arguments, cancellationToken).GetAwaiter().GetResult();
            return 0;
        }
        Page.Write(path, Scripts, Texts.Of(Messages.Language), explanation, PageJson.Default.SentenceExplanation);
        bool isOpen = arguments.GetValue(_open) && BrowserWindow.TryOpen(path);
        Talk.Say(Messages.Of(isOpen ? "page.opened" : "page.written-open", ("path", path)));
        return 0;
    }

    private async Task Serve(ExplainPages pages, string model, ParseResult arguments, CancellationToken cancellationToken)
    {
        ServerOptions options = new() { Port = arguments.GetValue(_port), Drain = s_drain, Failed = ServeVerb.SayFailure };
        await using PageServer server = await PageServer.StartAsync(options, pages.Of, cancellationToken).ConfigureAwait(false);
        Talk.Say(Messages.Of("explain.serving", ("address", server.Address), ("model", model)));
        if (arguments.GetValue(_open))
            BrowserWindow.TryOpen(server.Address);
        await Interruption(cancellationToken).ConfigureAwait(false);
        await server.StopAsync().ConfigureAwait(false);
    }

    private void RequirePair(ModelFile file, string from, string text, string other)
    {
        if (file.Config.Kind == ModelKind.Translator)
            throw new UsageException(Messages.Of("explain.no-translator", ("option", _against.Name), ("model", from)));
        if (file.Tokenizer is { } tokenizer)
            UsageException.Check(() => AgainstView.RequireSameLength(tokenizer, text, other));
    }

    /// <summary>A sentence in which each kind of model has something to do, in Japanese where its tokenizer knows no English.</summary>
    private static string SentenceFor(ModelFile file) => file.Config.Kind switch
    {
        ModelKind.Encoder => $"The {WordPieceTokenizer.Mask} sat on the mat.",
        ModelKind.Translator => "I am a good dog.",
        _ => file.Tokenizer is not { } tokenizer || CanRead(tokenizer, EnglishSentence) || !CanRead(tokenizer, JapaneseSentence) ? EnglishSentence : JapaneseSentence,
    };

    private static bool CanRead(ITokenizer tokenizer, string text)
    {
        try
        {
            tokenizer.Encode(text);
            return true;
        }
        catch (TextEncodingException)
        {
            return false;
        }
    }

    private SentenceExplanation Explain(
        LoadedModel<float> model, string text, ExplanationOptions options, bool isGiven, CancellationToken cancellationToken)
    {
        try
        {
            return WorkDisplay.Run("explaining", progress => SentenceExplanation.Of(model, text, options, progress, cancellationToken));
        }
        catch (TextEncodingException error) when (!isGiven)
        {
            throw new UsageException(Messages.Of("explain.cannot-read", ("text", text), ("reason", LibraryMessages.Translated(error.Message)), ("option", _text.Name)));
        }
    }

    private static string NameOf(string model) => File.Exists(model)
        ? Path.GetFileNameWithoutExtension(model)
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));
}
