using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt fill: the likeliest words where a text has masks.</summary>
internal sealed class FillVerb : Verb
{
    private readonly ModelOption _model = new();
    private readonly Option<string?> _text = OptionFactory.Text(OptionFactory.TextName, "TEXT", $"A text with {WordPieceTokenizer.Mask} where a word is to be filled in; there may be several.");
    private readonly Option<int> _top = OptionFactory.Whole("--top", "How many fillings to show of each. [default: 10]", 1, int.MaxValue);
    private readonly Option<string?> _score = OptionFactory.Text("--score", "TEXT",
        "Instead of filling: the pseudo-perplexity of this text, each of whose tokens is masked in turn and said from all others; lower is likelier.");
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };

    public FillVerb()
        : base("fill", "verb.fill")
    {
        _top.DefaultValueFactory = _ => 10;
        foreach (Option option in (IEnumerable<Option>)[_model, _text, _top, _score, _json])
            Options.Add(option);
    }

    public override string Example => "minigpt fill --model runs/masked --text \"The [MASK] is dead.\"";

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string? text = arguments.GetValue(_text), scored = arguments.GetValue(_score);
        if ((text is null) == (scored is null))
            throw new UsageException(Messages.Of("fill.either", ("text", _text.Name), ("score", _score.Name)));
        if (scored is not null && arguments.IsGiven(_top))
            throw new UsageException(Messages.Of("fill.top", ("top", _top.Name), ("text", _text.Name)));
        (Encoder<float> model, ITokenizer tokenizer) = EncoderModel.Load(_model.PathOf(arguments));
        using SentenceReader filling = new(model, tokenizer);
        if (scored is not null)
        {
            double perplexity = filling.PseudoPerplexity(scored, cancellationToken);
            Console.Out.WriteLine(arguments.GetValue(_json)
                ? new JsonObject { ["pseudo_perplexity"] = perplexity }.ToJsonString(Output.ReadableJson)
                : $"pseudo-perplexity  {perplexity.ToString("F3", CultureInfo.InvariantCulture)}");
            return 0;
        }

        IReadOnlyList<NextToken[]> masks = filling.Fill(text!, arguments.GetValue(_top));
        if (arguments.GetValue(_json))
        {
            JsonArray all = [.. masks.Select(JsonNode (mask) => new JsonArray([.. mask.Select(JsonNode (token) => new JsonObject
            {
                ["token"] = tokenizer.TokenText(token.Id),
                ["id"] = token.Id,
                ["probability"] = token.Probability,
            })]))];
            Console.Out.WriteLine(new JsonObject { ["masks"] = all }.ToJsonString(Output.ReadableJson));
            return 0;
        }
        foreach ((int index, NextToken[] mask) in masks.Index())
        {
            if (masks.Count > 1)
                Console.Out.WriteLine($"{WordPieceTokenizer.Mask} {index + 1} of {masks.Count}");
            ProbabilityTable.Print(Output.Console, mask, chosen: null, tokenizer);
        }
        return 0;
    }
}
