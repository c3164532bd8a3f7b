using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Data;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Lessons;

/// <summary>
/// word2vec: vectors of words, learned from nothing but which words stand near each other, in which king − man + woman is nearest to queen.
/// </summary>
internal static class WordVectorLesson
{
    private const int Sentences = 1000;

    private static readonly WordVectorOptions s_options = new()
    {
        Width = 16,
        Window = 10,
        Epochs = 10,
        MinCount = 1,
        Subsample = 0,
        LearningRate = 0.05,
    };

    public static LessonResult Run(LessonInputs inputs)
    {
        using LessonBoard board = new();
        RoyalGrammar own = RoyalGrammar.English, other = RoyalGrammar.Japanese;
        if (inputs.Language == Language.Japanese)
            (own, other) = (other, own);
        board.Show("near", StageKind.Numbers, own.People, own.Telling, CountTogether(own));
        Learned learned = Learn(own, inputs), otherLearned = Learn(other, inputs);
        board.Show("loss", StageKind.Lines, [.. Enumerable.Range(1, s_options.Epochs).Select(epoch => $"{epoch}")], [own.Name, other.Name],
            [.. learned.Losses.Zip(otherLearned.Losses, (a, b) => (double[])[a, b]).SelectMany(pair => pair)]);
        ShowMap(board, "map", own, learned);
        ShowAnalogy(board, "analogy", own, learned);
        ShowMap(board, "map-other", other, otherLearned);
        ShowAnalogy(board, "analogy-other", other, otherLearned);
        board.Check("more", MissedAnalogies(own, learned).Concat(MissedAnalogies(other, otherLearned)), tolerance: 0);
        CheckOperator(board);
        return board.Result;
    }

    /// <summary>Vectors, and the mean loss of an example in each epoch.</summary>
    private sealed record Learned(WordVectors Vectors, WordNeighbours Neighbours, double[] Losses);

    private static Learned Learn(RoyalGrammar grammar, LessonInputs inputs)
    {
        WordText text = WordText.Of("the lesson's text", grammar.Text(Sentences));
        WordVocabulary vocabulary = WordVocabulary.Count(text, s_options.MinCount, cancellationToken: inputs.CancellationToken);
        using WordVectorTraining<double> training = new(text, vocabulary, s_options);
        Epochs epochs = new(s_options.Epochs * vocabulary.Total, inputs.Progress);
        training.Run(epochs, inputs.CancellationToken);
        WordVectors vectors = training.ToVectors();
        return new Learned(vectors, new WordNeighbours(vectors), epochs.Losses);
    }

    /// <summary>In how many sentences a person stands with another word.</summary>
    private static double[] CountTogether(RoyalGrammar grammar)
    {
        string[][] sentences = [.. grammar.Text(Sentences).Split('\n').Select(line => line.Split(' '))];
        return [.. grammar.People.SelectMany(person => grammar.Telling.Select(word =>
            (double)sentences.Count(sentence => sentence.Contains(person) && sentence.Contains(word))))];
    }

    private static void ShowMap(LessonBoard board, string key, RoyalGrammar grammar, Learned learned)
    {
        Tensor<float> rows = new([grammar.People.Length, learned.Vectors.Width]);
        for (int i = 0; i < grammar.People.Length; i++)
            learned.Vectors.Table.Slice(0, learned.Vectors.Find(grammar.People[i])!.Value, 1).Span.CopyTo(rows.Slice(0, i, 1).Span);
        float[] map = PrincipalComponents.Of(rows).Coordinates;
        board.Show(key, StageKind.Points, grammar.People, ["x", "y"], [.. map.Select(coordinate => (double)coordinate)]);
    }

    /// <summary>Shows the people among the answers to king − man + woman; the queen must be nearest of all words.</summary>
    private static void ShowAnalogy(LessonBoard board, string key, RoyalGrammar grammar, Learned learned)
    {
        (string a, string b, string c, string expected) = (grammar.King, grammar.Man, grammar.Woman, grammar.Queen);
        (string Word, double Cosine)[] found = [.. learned.Neighbours.Analogy(a, b, c, learned.Vectors.Count)
            .Select(word => (learned.Vectors.TextOf(word.Id), (double)word.Cosine))];
        (string Word, double Cosine)[] people = [.. found.Where(word => grammar.People.Contains(word.Word))];
        board.Show(key, StageKind.Bars, [$"{a} − {b} + {c}"], [.. people.Select(person => person.Word)], [.. people.Select(person => person.Cosine)]);
        board.Check(key, [found.Index().First(word => word.Item.Word == expected).Index], tolerance: 0);
    }

    /// <summary>
    /// For every two ways in which people differ, and every pair of them: whether the fourth is not what the other three say, as 1 or 0.
    /// </summary>
    private static IEnumerable<double> MissedAnalogies(RoyalGrammar grammar, Learned learned)
    {
        (int First, int Second)[] ways = [(1, 2), (2, 1), (1, 4), (4, 1), (2, 4), (4, 2)];
        foreach ((int first, int second) in ways)
        {
            for (int person = 0; person < grammar.People.Length; person++)
            {
                Neighbour found = learned.Neighbours.Analogy(
                    grammar.People[person ^ first], grammar.People[person ^ first ^ second], grammar.People[person ^ second], count: 1)[0];
                yield return learned.Vectors.TextOf(found.Id) == grammar.People[person] ? 0 : 1;
            }
        }
    }

    /// <summary>That the operator which training uses is the sum of −ln σ that it stands for.</summary>
    private static void CheckOperator(LessonBoard board)
    {
        Variable<double> inputs = board.Matrix(new double[,] { { 0.5, -0.2, 0.1 }, { 0.3, 0.8, -0.6 } });
        Variable<double> outputs = board.Matrix(new double[,] { { 0.4, 0.1, 0.9 }, { -0.7, 0.2, 0.3 }, { 0.6, -0.5, 0.2 } });
        Tape<double> tape = board.Tape;
        Variable<double> fused = inputs.NegativeSampling(outputs, tape.Copy([0, 1], [2, 1]), tape.Copy([0, 1, 2, 2, 0, 1], [2, 3]));
        Variable<double> h = tape.Embedding(inputs, tape.Copy([0, 0, 0, 1, 1, 1], [6])), u = tape.Embedding(outputs, tape.Copy([0, 1, 2, 2, 0, 1], [6]));
        Variable<double> signs = tape.Constant(Tensor<double>.From([1, -1, -1, 1, -1, -1], [6]));
        board.Check("operator", fused, ((h * u).Sum(1) * signs).Sigmoid().Log().Sum() * -1.0, LessonBoard.Rounding);
    }

    private sealed class Epochs(long words, IProgress<DataProgress>? progress) : IProgress<WordVectorProgress>
    {
        private readonly List<WordVectorProgress> _ends = [default];

        public double[] Losses => [.. _ends.Zip(_ends.Skip(1), (before, end) => (end.Loss - before.Loss) / (end.Examples - before.Examples))];

        public void Report(WordVectorProgress value)
        {
            progress?.Report(new DataProgress("training", value.Words, words));
            // The last report of an epoch is its end.
            if (_ends.Count > value.Epoch)
                _ends[value.Epoch] = value;
            else
                _ends.Add(value);
        }
    }
}
