using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using Spectre.Console;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt embed: vectors of sentences, and how alike they are.</summary>
internal sealed class EmbedVerb : Verb
{
    private readonly Argument<string[]> _texts = new("TEXT") { Arity = ArgumentArity.OneOrMore };
    private readonly ModelOption _model = new();
    private readonly Option<Pooling> _pool = OptionFactory.Choice<Pooling>("--pool");
    private readonly Option<bool> _json = new("--json");

    public EmbedVerb()
        : base("embed")
    {
        Arguments.Add(_texts);
        foreach (Option option in (IEnumerable<Option>)[_model, _pool, _json])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string[] texts = arguments.GetValue(_texts)!;
        (Encoder<float> model, ITokenizer tokenizer) = EncoderModel.Load(_model.PathOf(arguments));
        using SentenceReader reader = new(model, tokenizer);
        float[][] vectors = [.. texts.Select(text => reader.Embed(text, arguments.GetValue(_pool)))];
        float[][] cosines = SentenceReader.Cosines(vectors);
        if (arguments.GetValue(_json))
        {
            Console.Out.WriteLine(new JsonObject
            {
                ["embeddings"] = new JsonArray([.. texts.Zip(vectors, JsonNode (text, vector) =>
                    new JsonObject { ["text"] = text, ["vector"] = new JsonArray([.. vector.Select(number => (JsonNode)number)]) })]),
                ["cosines"] = new JsonArray([.. cosines.Select(JsonNode (row) => new JsonArray([.. row.Select(cosine => (JsonNode)cosine)]))]),
            }.ToJsonString(Output.ReadableJson));
            return 0;
        }
        Table table = Output.Table(["", .. texts.Select((_, i) => $"{i + 1}"), Messages.Of("table.sentence")]);
        foreach ((int i, float[] row) in cosines.Index())
        {
            table.AddRow([new Text($"{i + 1}"), .. row.Select(cosine => new Text(cosine.ToString("F3", CultureInfo.InvariantCulture))),
                new Text(Visible.Line(texts[i]))]);
        }
        Output.Console.Write(table);
        return 0;
    }
}
