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
    private readonly Option<string?> _text = OptionFactory.Text(OptionFactory.TextName, "TEXT");
    private readonly Option<int> _top = OptionFactory.Whole("--top", 1, int.MaxValue).Defaulting(10);
    private readonly Option<string?> _score = OptionFactory.Text("--score", "TEXT");
    private readonly Option<bool> _json = new("--json");

    public FillVerb()
        : base("fill")
    {
        foreach (Option option in (IEnumerable<Option>)[_model, _text, _top, _score, _json])
            Options.Add(option);
    }

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
                : $"{Messages.Of("fill.pseudo-perplexity")}  {perplexity.ToString("F3", CultureInfo.InvariantCulture)}");
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
                Console.Out.WriteLine(Messages.Of("fill.mask", ("mask", WordPieceTokenizer.Mask), ("number", index + 1), ("count", masks.Count)));
            ProbabilityTable.Print(Output.Console, mask, chosen: null, tokenizer);
        }
        return 0;
    }
}
