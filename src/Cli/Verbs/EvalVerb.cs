using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
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
    private readonly Option<string?> _data = new("--data")
    {
        Description = "The text, or the token file (.bin), to evaluate on; - for standard input. For a model that translates, sentence pairs. "
            + "[default: 500 held-out sentences of its own grammar, where a model that translates learned from it]",
        HelpName = "FILE",
    };
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>(
        "--unknown", "What to do with characters that the vocabulary does not have. [default: error]");
    private readonly Option<int> _beam = OptionFactory.Whole("--beam", "A model that translates: how many beginnings are followed at once. [default: 1]", 1, 1024);
    private readonly Option<BleuTokenizer> _bleu = OptionFactory.Choice("--bleu", "What a token of BLEU is: what stands between spaces, sacreBLEU's 13a, or a character. [default: 13a]",
        [.. Enum.GetValues<BleuTokenizer>().Select(tokenizer => (BleuTokenizers.Name(tokenizer), tokenizer))]);
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };

    public EvalVerb()
        : base("eval", "Loss and perplexity of a model on a text, and bits per byte, right fillings, or BLEU and chrF, as its kind has it.")
    {
        _beam.DefaultValueFactory = _ => 1;
        _bleu.DefaultValueFactory = _ => BleuTokenizer.Mteval13a;
        foreach (Option option in (IEnumerable<Option>)[_model, _data, _unknown, _beam, _bleu, _json])
            Options.Add(option);
    }

    public override string Example => "minigpt eval --model runs/quick --data chapter.txt --json";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        LoadedModel<float> model = ModelFile.Load<float>(_model.PathOf(arguments), arguments.GetValue(_unknown));
        if (model.Any.Config.Kind != ModelKind.Translator && new Option[] { _beam, _bleu }.FirstOrDefault(arguments.IsGiven) is Option other)
            throw new UsageException($"{other.Name} goes with a model that translates, {model.Path} does not");
        List<string> notes = [];
        (string json, string text) = model.Any.Config.Kind switch
        {
            ModelKind.Translator => Translations(model, arguments, notes, cancellationToken),
            ModelKind.Encoder => Fillings(model, DataOf(arguments), notes, cancellationToken),
            _ => NextTokens(model, DataOf(arguments), notes, cancellationToken),
        };
        foreach (string note in notes)
            Talk.Say($"note: {note}");
        Console.Out.WriteLine(arguments.GetValue(_json) ? json : text);
        return 0;
    }

    private string DataOf(ParseResult arguments) => arguments.GetValue(_data) ?? throw new UsageException($"{_data.Name} FILE with the text to evaluate on expected");

    private static (string Json, string Text) NextTokens(LoadedModel<float> model, string data, List<string> notes, CancellationToken cancellationToken)
    {
        using Stream standardInput = StandardInput.Open(cancellationToken);
        TextEvaluation result = DataProgressDisplay.Run(progress => TextEvaluation.Run(model, data, standardInput, progress, notes, cancellationToken));
        string bits = result.BitsPerByte is double number ? $"{number:F4}" : "unknown: no tokenizer says how long the text is";
        return (result.ToJson(), $"""
            tokens         {result.Tokens:N0}
            loss           {result.Loss:F4} nats (natural logarithms) a token
            perplexity     {result.Perplexity:F3}
            bits per byte  {bits}
            """);
    }

    private static (string Json, string Text) Fillings(LoadedModel<float> model, string data, List<string> notes, CancellationToken cancellationToken)
    {
        using Stream standardInput = StandardInput.Open(cancellationToken);
        MaskedEvaluation result = DataProgressDisplay.Run(progress => MaskedEvaluation.Run(model, data, standardInput, progress, notes, cancellationToken));
        return (result.ToJson(), $"""
            masked words            {result.Words:N0}
            loss                    {result.Loss:F4} nats (natural logarithms) a masked word
            perplexity              {result.Perplexity:F3}
            right at once           {result.First:P1}
            right among the first ten  {result.FirstTen:P1}
            """);
    }

    private (string Json, string Text) Translations(LoadedModel<float> model, ParseResult arguments, List<string> notes, CancellationToken cancellationToken)
    {
        SearchOptions search = new() { Beams = arguments.GetValue(_beam) };
        TranslationEvaluation result = DataProgressDisplay.Run(progress =>
            TranslationEvaluation.Run(model, Pairs(model, arguments, progress, notes, cancellationToken), search, arguments.GetValue(_bleu), progress, cancellationToken));
        return (result.ToJson(), $"""
            sentences   {result.Sentences:N0}
            loss        {result.Loss:F4} nats (natural logarithms) a token
            perplexity  {result.Perplexity:F3}
            BLEU        {result.Bleu.Score:F2}  {result.Bleu.Signature}
            chrF        {result.Chrf.Score:F2}  {result.Chrf.Signature}
            exact       {result.Exact:N0}, {result.ExactShare:P1}
            """);
    }

    private List<PairLine> Pairs(LoadedModel<float> model, ParseResult arguments, IProgress<DataProgress>? progress, List<string> notes, CancellationToken cancellationToken)
    {
        if (arguments.GetValue(_data) is not { } data)
        {
            bool knowsMarks = model.Tokenizer is { } tokenizer && BundledPairs.Languages.All(SentenceTranslator.LanguagesOf(tokenizer).Contains);
            return knowsMarks ? BundledPairs.HeldOut() : throw new UsageException($"{_data.Name} FILE with sentence pairs expected: {model.Path} has not learned from the grammar");
        }
        using Stream standardInput = StandardInput.Open(cancellationToken);
        using TextCorpus corpus = TextCorpus.Open([data], standardInput, progress, cancellationToken);
        notes.AddRange(corpus.Notes);
        return PairReader.Read(corpus, cancellationToken);
    }
}
