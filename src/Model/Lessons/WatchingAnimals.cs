using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// Four sentences, "the cat sees the dog" and so on in a ring, and a model of one block with one head for them. Who comes first is anybody's
/// guess; who is seen follows from who sees.
/// </summary>
internal sealed class WatchingAnimals
{
    private const ulong Seed = 1;

    private readonly string[] _animals;
    private readonly Func<string, string, string[]> _sentence;

    private WatchingAnimals(string[] animals, string[] others, Func<string, string, string[]> sentence)
    {
        (_animals, _sentence) = (animals, sentence);
        Vocabulary = [.. animals, .. others];
        Sentences = [.. animals.Select((animal, i) => sentence(animal, animals[(i + 1) % animals.Length]))];
    }

    /// <summary>All words; a word's place is its id.</summary>
    public string[] Vocabulary { get; }

    /// <summary>The sentences.</summary>
    public string[][] Sentences { get; }

    /// <summary>The place of who sees.</summary>
    public int SubjectAt => Array.IndexOf(Sentences[0], _animals[0]);

    /// <summary>The place of who is seen.</summary>
    public int ObjectAt => Array.LastIndexOf(Sentences[0], _animals[1]);

    /// <summary>The loss that no model can be under: a guess among all animals, and certainty elsewhere.</summary>
    public double LeastLoss => Math.Log(_animals.Length) / (Sentences[0].Length - 1);

    /// <summary>All sentences as rows: each word but the last is read, each but the first predicted.</summary>
    public LessonRows Rows => new([.. Sentences.SelectMany(words => Ids(words)[..^1])], [.. Sentences.SelectMany(words => Ids(words)[1..])], Sentences[0].Length - 1);

    public static WatchingAnimals Of(Language language) => language == Language.Japanese
        ? new(["猫", "犬", "鳥", "馬"], ["。", "は", "を", "見る"], (subject, seen) => ["。", subject, "は", seen, "を", "見る"])
        : new(["cat", "dog", "bird", "horse"], ["the", "sees"], (subject, seen) => ["the", subject, "sees", "the", seen]);

    /// <summary>The ids of words.</summary>
    public int[] Ids(IEnumerable<string> words) => [.. words.Select(word => Array.IndexOf(Vocabulary, word))];

    /// <summary>A model that has learned nothing yet.</summary>
    public Decoder<double> Model(int width)
    {
        Decoder<double> model = new(Gpt2.Config(new ModelSizes(Vocabulary.Length, Rows.Length, Layers: 1, Heads: 1, width) { FeedForwardWidth = 2 * width }) with
        {
            InitializerRange = LessonTraining.InitializerRange,
        });
        model.Initialize(Seed);
        return model;
    }

    /// <summary>How likely each word is after each word of a sentence but the last.</summary>
    public double[] Next(Decoder<double> model, int sentence, IForwardObserver<double>? observer = null)
    {
        using Tape<double> tape = new(records: false);
        int[] ids = Ids(Sentences[sentence])[..^1];
        return model.Logits(tape.Copy<int>(ids, [1, ids.Length]), new ForwardPass<double>(tape) { Observer = observer }).Softmax().Value.Span.ToArray();
    }
}
