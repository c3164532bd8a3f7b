using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt eval: how well a model predicts a text.</summary>
internal sealed class EvalVerb : Verb
{
    private readonly ModelOption _model = new();
    private readonly Option<string?> _data = new("--data") { HelpName = "FILE" };
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>("--unknown");
    private readonly Option<int> _beam = OptionFactory.Whole("--beam", 1, 1024).Defaulting(1);
    private readonly Option<BleuTokenizer> _bleu = OptionFactory.Choice("--bleu",
        [.. Enum.GetValues<BleuTokenizer>().Select(BleuTokenizers.Name)], Enum.GetValues<BleuTokenizer>()).Defaulting(BleuTokenizer.Mteval13a);
    private readonly Option<bool> _json = new("--json");

    public EvalVerb()
        : base("eval")
    {
        foreach (Option option in (IEnumerable<Option>)[_model, _data, _unknown, _beam, _bleu, _json])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        LoadedModel<float> model = ModelReading.Load(_model.PathOf(arguments), arguments.GetValue(_unknown));
        if (model.Any.Config.Kind != ModelKind.Translator && new Option[] { _beam, _bleu }.FirstOrDefault(arguments.IsGiven) is Option other)
            throw new UsageException(Messages.Of("model.translates-alone", ("option", other.Name), ("model", model.Path)));
        List<string> notes = [];
        (string json, string text) = model.Any.Config.Kind switch
        {
            ModelKind.Translator => Translations(model, arguments, notes, cancellationToken),
            ModelKind.Encoder => Fillings(model, arguments.GetValue(_data), notes, cancellationToken),
            _ => NextTokens(model, arguments.GetValue(_data), notes, cancellationToken),
        };
        foreach (string note in notes)
            Talk.Note(LibraryMessages.Translated(note));
        Console.Out.WriteLine(arguments.GetValue(_json) ? json : text);
        return 0;
    }

    /// <summary>What the run in the folder of a model kept to validate with.</summary>
    /// <exception cref="UsageException">It is no folder of a run, it kept nothing, or its data is not the same any more.</exception>
    private (TrainingData Data, TrainingOptions Options) OwnData(LoadedModel<float> model, List<string> notes, CancellationToken cancellationToken)
    {
        TrainingOptions options = TrainingData.OptionsOf(model.Path, out string run, out string hash)
            ?? throw new UsageException(Messages.Of("eval.no-run", ("option", _data.Name), ("model", model.Path)));
        TrainingData data = RunData.Load(run, options, model.Tokenizer, model.SourceTokenizer, model.Any.Config.VocabularySize, cancellationToken);
        string? fault = data.Hash != hash ? "eval.changed" : data.Validation is null ? "eval.not-split" : null;
        if (fault is not null)
        {
            data.Dispose();
            throw new UsageException(Messages.Of(fault, ("option", _data.Name), ("model", model.Path)));
        }
        notes.Add(data.Pairs?.Validation is { } pairs
            ? Messages.Of("eval.kept-pairs", ("count", $"{pairs.Count:N0}"))
            : Messages.Of("eval.kept", ("count", $"{data.Validation!.Length:N0}")));
        return (data, options);
    }

    private (string Json, string Text) NextTokens(LoadedModel<float> model, string? data, List<string> notes, CancellationToken cancellationToken)
    {
        TextEvaluation result;
        if (data is null)
        {
            using TrainingData own = OwnData(model, notes, cancellationToken).Data;
            result = WorkDisplay.Run("evaluating", progress => TextEvaluation.Run(model, own.Validation!, model.Tokenizer, progress, cancellationToken));
        }
        else
        {
            using Stream standardInput = StandardInput.Open(cancellationToken);
            result = WorkDisplay.Run("reading", progress => TextEvaluation.Run(model, data, standardInput, progress, notes, cancellationToken));
        }
        string bits = result.BitsPerByte is double number ? $"{number:F4}" : Messages.Of("eval.no-bytes");
        return (result.ToJson(), Facts.Of(
            (Messages.Of("eval.tokens"), $"{result.Tokens:N0}"),
            (Messages.Of("eval.loss"), Messages.Of("eval.nats-per-token", ("loss", $"{result.Loss:F4}"))),
            (Messages.Of("eval.perplexity"), $"{result.Perplexity:F3}"),
            (Messages.Of("eval.bits-per-byte"), bits)));
    }

    private (string Json, string Text) Fillings(LoadedModel<float> model, string? data, List<string> notes, CancellationToken cancellationToken)
    {
        (TrainingData? kept, TrainingOptions? options) = data is null ? OwnData(model, notes, cancellationToken) : default;
        using TrainingData? own = kept;
        using Stream standardInput = StandardInput.Open(cancellationToken);
        MaskedEvaluation result = WorkDisplay.Run(own is null ? "reading" : "filling in", progress => own is null
            ? MaskedEvaluation.Run(model, data!, standardInput, progress, notes, cancellationToken)
            : MaskedEvaluation.Run(model, own.Validation!, progress, own.Train, cancellationToken) with
            {
                ValidationLoss = own.ValidationLoss(model.Any, options!, progress, cancellationToken),
            });
        List<(string, string)> facts =
        [
            (Messages.Of("eval.masked-words"), $"{result.Words:N0}"),
            (Messages.Of("eval.loss"), Messages.Of("eval.nats-per-word", ("loss", $"{result.Loss:F4}"))),
            (Messages.Of("eval.perplexity"), $"{result.Perplexity:F3}"),
            (Messages.Of("eval.first"), $"{result.First:P1}"),
            (Messages.Of("eval.first-ten"), $"{result.FirstTen:P1}"),
        ];
        if (result is { FirstTenByFrequency: double byFrequency, FirstTenByNeighbours: double byNeighbours })
            facts.AddRange([(Messages.Of("eval.by-frequency"), $"{byFrequency:P1}"), (Messages.Of("eval.by-neighbours"), $"{byNeighbours:P1}")]);
        if (result.ValidationLoss is double validationLoss)
            facts.Add((Messages.Of("eval.validation-loss"), Messages.Of("eval.as-in-training", ("loss", $"{validationLoss:F4}"))));
        return (result.ToJson(), Facts.Of(facts));
    }

    private (string Json, string Text) Translations(LoadedModel<float> model, ParseResult arguments, List<string> notes, CancellationToken cancellationToken)
    {
        SearchOptions search = new() { Beams = arguments.GetValue(_beam) };
        IReadOnlyList<PairLine> pairs = arguments.GetValue(_data) is string data
            ? WorkDisplay.Run("reading", progress => Read(data, progress, notes, cancellationToken))
            : OwnPairs(model, notes, cancellationToken);
        TranslationEvaluation result = WorkDisplay.Run("evaluating", progress =>
            TranslationEvaluation.Run(model, pairs, search, arguments.GetValue(_bleu), progress, cancellationToken));
        return (result.ToJson(), Facts.Of(
        [
            (Messages.Of("eval.sentences"), $"{result.Sentences:N0}"),
            (Messages.Of("eval.loss"), Messages.Of("eval.nats-per-token", ("loss", $"{result.Loss:F4}"))),
            (Messages.Of("eval.perplexity"), $"{result.Perplexity:F3}"),
            ("BLEU", $"{result.Bleu.Score:F2}  {result.Bleu.Signature}"),
            ("chrF", $"{result.Chrf.Score:F2}  {result.Chrf.Signature}"),
            (Messages.Of("eval.exact"), $"{result.Exact:N0}, {result.ExactShare:P1}"),
            .. result.Languages.Select(language => (Messages.Of("eval.into", ("language", language.Language)),
                Messages.Of("eval.share", ("count", $"{language.Exact:N0}"), ("all", $"{language.Sentences:N0}")))),
        ]));
    }

    /// <summary>What the run kept of the user's own pairs; of a run that learned from the grammar, sentences that it never saw.</summary>
    private IReadOnlyList<PairLine> OwnPairs(LoadedModel<float> model, List<string> notes, CancellationToken cancellationToken)
    {
        if (TrainingData.OptionsOf(model.Path, out _, out _) is { Data.Count: > 0 })
        {
            using TrainingData own = OwnData(model, notes, cancellationToken).Data;
            return own.ValidationPairs;
        }
        bool knowsMarks = model.SourceTokenizer is { } tokenizer && BundledPairs.Languages.All(SentenceTranslator.LanguagesOf(tokenizer).Contains);
        return knowsMarks ? BundledPairs.HeldOut() : throw new UsageException(Messages.Of("eval.no-pairs", ("option", _data.Name), ("model", model.Path)));
    }

    private static List<PairLine> Read(string data, IProgress<DataProgress> progress, List<string> notes, CancellationToken cancellationToken)
    {
        using Stream standardInput = StandardInput.Open(cancellationToken);
        using TextCorpus corpus = TextCorpus.Open([data], standardInput, progress, cancellationToken);
        notes.AddRange(corpus.Notes);
        return PairReader.Read(corpus, cancellationToken);
    }
}
