using System.CommandLine;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt eval: how well a model predicts a text.</summary>
internal sealed class EvalVerb : Verb
{
    private readonly ModelOption _model = new();
    private readonly Option<string?> _data = new("--data")
    {
        Description = "The text, or the token file (.bin), to evaluate on; - for standard input.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<UnknownCharacter> _unknown = OptionFactory.Choice<UnknownCharacter>(
        "--unknown", "What to do with characters that the vocabulary does not have. [default: error]");
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };

    public EvalVerb()
        : base("eval", "Loss, perplexity and bits per byte of a model on a text, in back-to-back windows of the context.")
    {
        foreach (Option option in (IEnumerable<Option>)[_model, _data, _unknown, _json])
            Options.Add(option);
    }

    public override string Example => "minigpt eval --model runs/quick --data chapter.txt --json";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        LoadedModel<float> model = ModelFile.Load<float>(_model.PathOf(arguments), arguments.GetValue(_unknown));
        using Stream standardInput = StandardInput.Open(cancellationToken);
        List<string> notes = [];
        TextEvaluation result = DataProgressDisplay.Run(progress =>
            TextEvaluation.Run(model, arguments.GetValue(_data)!, standardInput, progress, notes, cancellationToken));
        foreach (string note in notes)
            Talk.Say($"note: {note}");
        string bits = result.BitsPerByte is double number ? $"{number:F4}" : "unknown: no tokenizer says how long the text is";
        Console.Out.WriteLine(arguments.GetValue(_json)
            ? result.ToJson()
            : $"""
                tokens         {result.Tokens:N0}
                loss           {result.Loss:F4} nats (natural logarithms) a token
                perplexity     {result.Perplexity:F3}
                bits per byte  {bits}
                """);
        return 0;
    }
}
