using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt translate: sentences in another language.</summary>
internal sealed class TranslateVerb : Verb
{
    private const int LinesTogether = 64;

    private readonly Argument<string[]> _texts = new("TEXT") { Arity = ArgumentArity.ZeroOrMore };
    private readonly ModelOption _model = new();
    private readonly Option<string?> _file = OptionFactory.Text("--file", "FILE");
    private readonly Option<string?> _to = OptionFactory.Text("--to", "LANGUAGE");
    private readonly Option<int> _beam = OptionFactory.Whole("--beam", 1, 1024).Defaulting(1);
    private readonly Option<double> _penalty = OptionFactory.Number("--length-penalty").Defaulting(1);
    private readonly Option<int> _alternatives = OptionFactory.Whole("--alternatives", 1, 1024, helpName: "K");
    private readonly Option<int> _tokens = OptionFactory.Whole("--tokens", 1, int.MaxValue).Defaulting(200);
    private readonly Option<bool> _json = new("--json");

    public TranslateVerb()
        : base("translate")
    {
        Arguments.Add(_texts);
        foreach (Option option in (IEnumerable<Option>)[_model, _file, _to, _beam, _penalty, _alternatives, _tokens, _json])
            Options.Add(option);
    }

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        string[] texts = arguments.GetValue(_texts) ?? [];
        string? path = arguments.GetValue(_file);
        if (texts.Length > 0 && path is not null)
            throw new UsageException(Messages.Of("translate.both", ("option", _file.Name)));
        int beams = Math.Max(arguments.GetValue(_beam), arguments.IsGiven(_alternatives) ? arguments.GetValue(_alternatives) : 1);
        SearchOptions options = new() { Beams = beams, LengthPenalty = arguments.GetValue(_penalty), MostTokens = arguments.GetValue(_tokens) };
        UsageException.Check(options.Validate);

        (Translator<float> model, ITokenizer tokenizer, ITokenizer? source) = Load(_model.PathOf(arguments));
        using SentenceTranslator translator = new(model, tokenizer, arguments.GetValue(_to), source);
        int? alternatives = arguments.IsGiven(_alternatives) ? arguments.GetValue(_alternatives) : null;
        using TextWriter output = StandardOutput.Open();
        bool isFirst = true;
        foreach (string[] lines in (texts.Length > 0 ? texts : Lines(path, cancellationToken)).Chunk(LinesTogether))
        {
            foreach ((string line, IReadOnlyList<Translation> found) in lines.Zip(translator.Translate(lines, options, cancellationToken)))
            {
                Write(output, line, found, alternatives, arguments.GetValue(_json), isFirst);
                isFirst = false;
            }
            output.Flush();
        }
        return 0;
    }

    private static (Translator<float> Model, ITokenizer Tokenizer, ITokenizer? Source) Load(string path)
    {
        using ModelFile file = ModelFile.Open(path);
        file.RequireKind(ModelKind.Translator);
        ITokenizer tokenizer = file.Tokenizer ?? throw new UsageException(Messages.Of("model.no-tokenizer-both", ("model", path)));
        ModelNotes.Say(file);
        return ((Translator<float>)ModelReading.LoadForReading(file), tokenizer, file.SourceTokenizer);
    }

    private static IEnumerable<string> Lines(string? path, CancellationToken cancellationToken)
    {
        using Stream stream = path is null
            ? TextInput.Of("-", StandardInput.Open(cancellationToken))
            : TextInput.Open(path, cancellationToken);
        using StreamReader reader = new(stream, new UTF8Encoding(false));
        while (reader.ReadLine() is string line)
            yield return line;
    }

    private static void Write(TextWriter output, string source, IReadOnlyList<Translation> found, int? alternatives, bool asJson, bool isFirst)
    {
        IEnumerable<Translation> shown = found.Take(alternatives ?? 1);
        if (asJson)
        {
            output.WriteLine(new JsonObject
            {
                ["source"] = source,
                ["translations"] = new JsonArray([.. shown.Select(JsonNode (translation) =>
                    new JsonObject { ["text"] = translation.Text, ["score"] = translation.Score })]),
            }.ToJsonString(Output.ReadableJson));
            return;
        }
        if (alternatives is null)
        {
            output.WriteLine(found[0].Text);
            return;
        }
        if (!isFirst)
            output.WriteLine();
        foreach (Translation translation in shown)
            output.WriteLine($"{translation.Score.ToString("F4", CultureInfo.InvariantCulture)}\t{translation.Text}");
    }
}
