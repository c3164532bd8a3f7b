using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt sample: text from a model.</summary>
internal sealed class SampleVerb : Verb
{
    private readonly ModelOption _model = new();
    private readonly PromptArguments _prompt = new();
    private readonly Option<int> _tokens = OptionFactory.Whole("--tokens", 0, int.MaxValue).Defaulting(200);
    private readonly SamplingArguments _sampling = new();
    private readonly Option<string[]> _stop = new(OptionFactory.StopName)
    {
        HelpName = "TEXT",
        Arity = ArgumentArity.ZeroOrMore,
        AllowMultipleArgumentsPerToken = false,
    };
    private readonly Option<int> _samples = OptionFactory.Whole("--samples", 1, int.MaxValue).Defaulting(1);
    private readonly Option<bool> _ids = new("--ids");
    private readonly Option<int> _showProbabilities = OptionFactory.Whole("--show-probabilities", 1, int.MaxValue, helpName: "K");
    private readonly Option<string?> _tokenizer = TokenizerOption.ForModelWithout();
    private readonly Option<bool> _stats = new("--stats");
    private readonly Option<bool> _interactive = new("--interactive");
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>("--unknown");

    public SampleVerb()
        : base("sample")
    {
        foreach (Option option in (IEnumerable<Option>)
            [_model, .. _prompt.All, _tokens, .. _sampling.All, _stop, _samples, _ids, _showProbabilities, _tokenizer, _stats, _interactive, _unknown])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        SamplingOptions sampling = _sampling.Read(arguments);
        _prompt.Check(arguments);
        string[] stops = arguments.GetValue(_stop) ?? [];
        UsageException.Check(() => SampleText.Check(stops));
        bool writesIds = arguments.GetValue(_ids), isInteractive = arguments.GetValue(_interactive);
        if (isInteractive && OnlyWithoutInteractive.FirstOrDefault(arguments.IsGiven) is Option other)
            throw new UsageException(Messages.Of("option.not-together", ("one", _interactive.Name), ("other", other.Name)));

        using ModelFile model = ModelFile.Open(_model.PathOf(arguments), arguments.GetValue(_unknown));
        ITokenizer? tokenizer = arguments.GetValue(_tokenizer) is string path
            ? TokenizerOption.Read(path, arguments.GetValue(_unknown))
            : model.Tokenizer;
        if (tokenizer is null && (!writesIds || stops.Length > 0))
            throw new UsageException(Messages.Of("sample.no-tokenizer", ("model", model.Path)));
        ModelNotes.Say(model);
        int[] prompt = _prompt.Read(arguments, model.Path, tokenizer, cancellationToken);
        model.RequireKind(ModelKind.Decoder);
        Decoder<float> decoder = (Decoder<float>)ModelReading.LoadForReading(model);
        model.Dispose(); // a copy is in memory, and the file need not be there a second time
        using TextWriter output = StandardOutput.Open();
        if (isInteractive)
        {
            using Conversation conversation = new(decoder, tokenizer!, sampling, arguments.GetValue(_tokens), stops, output);
            conversation.Run(cancellationToken);
            return 0;
        }

        SampleRun run = new(decoder, tokenizer, sampling, output)
        {
            Tokens = arguments.GetValue(_tokens),
            Stops = stops,
            WritesIds = writesIds,
            Probabilities = arguments.IsGiven(_showProbabilities) ? arguments.GetValue(_showProbabilities) : 0,
        };
        run.Write(prompt, arguments.GetValue(_samples), cancellationToken);
        if (arguments.GetValue(_stats))
        {
            Talk.Say(LibraryMessages.Translated(run.Stats.ToString()));
            if (run.Guesses.Guessed > 0)
                Talk.Say(Messages.Of("sample.guesses", ("guessed", run.Guesses.Guessed), ("right", run.Guesses.Right)));
        }
        cancellationToken.ThrowIfCancellationRequested();
        return 0;
    }

    /// <summary>The options that mean nothing to --interactive.</summary>
    private IEnumerable<Option> OnlyWithoutInteractive => [.. _prompt.All, _samples, _ids, _showProbabilities, _stats];
}
