using System.CommandLine;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt word2vec: trains vectors of words, or answers from them.</summary>
internal sealed class Word2VecVerb : Verb
{
    private const int Shown = 10;
    private const int MostWords = 100; // of which an analogy takes three: the message says so

    private readonly Option<string[]> _data = new("--data")
    {
        HelpName = "FILE",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string?> _out = OptionFactory.Text("--out", "PATH");
    private readonly WordVectorArguments _training = new();
    private readonly Option<bool> _overwrite = new("--overwrite");
    private readonly Option<string?> _model = OptionFactory.Text("--model", "PATH");
    private readonly Option<string?> _near = OptionFactory.Text("--near", "WORD");
    private readonly Option<string[]> _analogy = new("--analogy")
    {
        HelpName = "A B C",
        AllowMultipleArgumentsPerToken = true,
        Arity = new ArgumentArity(1, MostWords),
    };
    private readonly Option<int> _top = OptionFactory.Whole("--top", 1, int.MaxValue).Defaulting(Shown);
    private readonly Option<bool> _json = new("--json");

    public Word2VecVerb()
        : base("word2vec")
    {
        foreach (Option option in (IEnumerable<Option>)[.. Trains, .. Answers])
            Options.Add(option);
    }

    private IEnumerable<Option> Trains => [_data, _out, .. _training.All, _overwrite];

    private IEnumerable<Option> Answers => [_model, _near, _analogy, _top, _json];

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        if (arguments.IsGiven(_data))
        {
            RefuseOthers(arguments, _data, Answers);
            return Train(arguments, cancellationToken);
        }
        if (!arguments.IsGiven(_model))
            throw new UsageException(Messages.Of("word2vec.nothing"));
        RefuseOthers(arguments, _model, Trains);
        return Answer(arguments, cancellationToken);
    }

    private int Train(ParseResult arguments, CancellationToken cancellationToken)
    {
        WordVectorOptions options = _training.Read(arguments);
        string file = FileToWrite(arguments);
        using Stream standardInput = StandardInput.Open(cancellationToken);
        (TextCorpus corpus, WordText text, WordVocabulary vocabulary) = WorkDisplay.Run("reading", progress =>
        {
            TextCorpus corpus = TextCorpus.Open(arguments.GetRequiredValue(_data), standardInput, progress, cancellationToken);
            try
            {
                WordText text = WordText.Of(corpus);
                return (corpus, text, WordVocabulary.Count(text, options.MinCount, progress, cancellationToken));
            }
            catch
            {
                corpus.Dispose();
                throw;
            }
        });
        using (corpus)
        {
            foreach (string note in corpus.Notes.Concat(vocabulary.Note is string odd ? [odd] : []))
                Talk.Note(LibraryMessages.Translated(note));
            Talk.Say(Messages.Of("word2vec.header", ("words", $"{vocabulary.Words.Count:N0}"), ("total", $"{vocabulary.Total:N0}"),
                ("kind", options.IsBagOfWords ? "CBOW" : "skip-gram"), ("width", options.Width), ("epochs", options.Epochs)));
            using WordVectorTraining<float> training = new(text, vocabulary, options);
            training.Run(new WordVectorProgressLines(vocabulary.Total, options.Epochs), cancellationToken);
            EndInGoodOrder();
            WordVectorFile.Write(file, training.ToVectors());
        }
        Talk.Say(Messages.Of("saved", ("path", file)));
        return 0;
    }

    private int Answer(ParseResult arguments, CancellationToken cancellationToken)
    {
        string? near = arguments.GetValue(_near);
        string[]? words = arguments.IsGiven(_analogy) ? arguments.GetRequiredValue(_analogy) : null;
        if (near is null == words is null)
            throw new UsageException(Messages.Of("word2vec.question"));
        if (words is not null && words.Length != 3)
            throw new UsageException(Messages.Of("word2vec.analogy", ("count", words.Length)));
        WordVectors vectors = WordVectorFile.Read(arguments.GetValue(_model)!, MemoryLimit.Find().Bytes, cancellationToken);
        WordNeighbours neighbours = new(vectors);
        int top = arguments.GetValue(_top);
        IReadOnlyList<Neighbour> found = near is not null ? neighbours.Near(near, top) : neighbours.Analogy(words![0], words[1], words[2], top);
        if (arguments.GetValue(_json))
        {
            (string, JsonNode) asked = near is not null ? ("near", near) : ("analogy", new JsonArray([.. words!.Select(word => (JsonNode)word)]));
            Console.Out.WriteLine(NeighbourTable.Json(asked, found, vectors));
        }
        else
            NeighbourTable.Print(found, vectors);
        return 0;
    }

    /// <summary>The file that --out stands for, none that is there or is read.</summary>
    private string FileToWrite(ParseResult arguments)
    {
        string path = arguments.GetValue(_out) ?? throw new UsageException(Messages.Of("word2vec.out"));
        string file = WordVectorFile.FileOf(path);
        if (file != path)
            OutputPath.CheckFolder(_out.Name, path);
        OutputPath.CheckFile(_out.Name, file, Messages.Of("path.a-file"));
        if (arguments.GetRequiredValue(_data).Any(data => Path.GetFullPath(data) == Path.GetFullPath(file)))
            throw new UsageException(Messages.Of("word2vec.replaces-text", ("path", file)));
        if (File.Exists(file) && !arguments.GetValue(_overwrite))
            throw new UsageException(Messages.Of("word2vec.taken", ("path", file)));
        return file;
    }

    private static void RefuseOthers(ParseResult arguments, Option what, IEnumerable<Option> others)
    {
        if (others.FirstOrDefault(arguments.IsGiven) is Option other)
            throw new UsageException(Messages.Of("word2vec.either", ("option", other.Name), ("other", what.Name)));
    }
}
