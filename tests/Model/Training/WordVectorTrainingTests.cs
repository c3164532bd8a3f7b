using MiniGpt.Model.Data;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Lessons;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using MiniGpt.Tests.Reference;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

[Collection("Alone")]
public class WordVectorTrainingTests
{
    private static readonly WordText s_text = WordText.Of("text", RoyalGrammar.English.Text(200));

    private static readonly WordVectorOptions s_options = new() { Width = 12, Window = 4, Epochs = 2, MinCount = 2, Subsample = 0.01, LearningRate = 0.05, Seed = 3 };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Vectors_and_losses_are_those_of_a_plain_loop(bool isBag)
    {
        WordVectorOptions options = s_options with { IsBagOfWords = isBag };
        using WordVectorTraining<double> training = Train<double>(options, out WordVectorProgress progress);
        (double[] inputs, double[] outputs, double loss, long examples) = PlainTraining(options, training.BatchSize);
        Assert.True(examples > 10 * training.BatchSize);
        Assert.Equal(examples, progress.Examples);
        Assert.Equal(loss, progress.Loss, 1e-9 * loss);
        Assert.Equal(Samples.Doubles(training.Inputs), inputs, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Samples.Doubles(training.Outputs), outputs, (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Vectors_are_the_same_bits_on_any_number_of_threads(bool isBag) => SameBits.AssertOnAnyNumberOfThreads(() =>
    {
        // Wide enough that a batch is more than one chunk of every kernel.
        using WordVectorTraining<float> training = Train<float>(s_options with { IsBagOfWords = isBag, Width = 1500, Epochs = 1 }, out _);
        return training.ToVectors().Table.Span.ToArray();
    });

    [Fact]
    public void Another_seed_gives_other_vectors_and_the_same_one_the_same()
    {
        using WordVectorTraining<float> one = Train<float>(s_options, out _), same = Train<float>(s_options, out _), other = Train<float>(s_options with { Seed = 4 }, out _);
        Assert.Equal(one.Inputs.Span.ToArray(), same.Inputs.Span.ToArray());
        Assert.NotEqual(one.Inputs.Span.ToArray(), other.Inputs.Span.ToArray());
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public void Analogies_of_the_grammar_are_learned(bool isBag, ulong seed)
    {
        WordText text = WordText.Of("text", RoyalGrammar.English.Text(1000));
        WordVectorOptions options = new()
        {
            IsBagOfWords = isBag,
            Width = 16,
            Window = 10,
            Epochs = isBag ? 40 : 10,
            MinCount = 1,
            Subsample = 0,
            LearningRate = isBag ? 0.2 : 0.05,
            Seed = seed,
        };
        using WordVectorTraining<float> training = new(text, WordVocabulary.Count(text, 1), options);
        training.Run(cancellationToken: TestContext.Current.CancellationToken);
        WordNeighbours neighbours = new(training.ToVectors());
        Assert.Equal("queen", training.ToVectors().TextOf(neighbours.Analogy("king", "man", "woman", 1)[0].Id));
        Assert.Equal("prince", training.ToVectors().TextOf(neighbours.Analogy("boy", "girl", "princess", 1)[0].Id));
    }

    [Fact]
    public void A_step_allocates_nothing_once_it_is_warm()
    {
        long[] allocated = [.. ((int[])[2, 6]).Select(epochs =>
        {
            using WordVectorTraining<float> training = Prepare<float>(s_options with { Epochs = epochs });
            training.Run(cancellationToken: TestContext.Current.CancellationToken);
            long before = GC.GetAllocatedBytesForCurrentThread();
            training.Run(cancellationToken: TestContext.Current.CancellationToken);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        })];
        // Reading a text takes a buffer an epoch, and there are hundreds of batches in one.
        Assert.InRange(allocated[1] - allocated[0], 0, 4 * (s_text.Bytes + 4096));
    }

    [Fact]
    public void Training_ends_between_two_batches_where_it_is_cancelled()
    {
        using CancellationTokenSource source = new();
        using WordVectorTraining<float> training = Prepare<float>(s_options with { Epochs = 1000 });
        Assert.Throws<OperationCanceledException>(() => training.Run(new Cancelling(source), source.Token));
    }

    [Fact]
    public void A_learning_rate_that_is_too_high_is_told() => Assert.Contains("learning rate of 1E+30 is too high",
        Assert.Throws<ArgumentException>(() => Train<float>(s_options with { LearningRate = 1e30 }, out _)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_text_without_neighbours_is_told()
    {
        WordText text = WordText.Of("text", "one\ntwo\none\n");
        using WordVectorTraining<float> training = new(text, WordVocabulary.Count(text, 1), s_options);
        Assert.Contains("nothing to learn from found in 3 words", Assert.Throws<ArgumentException>(() => training.Run(null, CancellationToken.None)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_make_no_sense_are_named()
    {
        AssertNames("width", s_options with { Width = 0 });
        AssertNames("window", s_options with { Window = 0 });
        AssertNames("negative samples", s_options with { Negative = -1 });
        AssertNames("epochs", s_options with { Epochs = 0 });
        AssertNames("least count", s_options with { MinCount = 0 });
        AssertNames("passed over", s_options with { Subsample = double.NaN });
        AssertNames("learning rate", s_options with { LearningRate = 0 });

        static void AssertNames(string name, WordVectorOptions options) =>
            Assert.Contains(name, Assert.Throws<ArgumentException>(options.Check).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vectors_that_do_not_fit_into_memory_are_refused_before_it_is_taken() =>
        Assert.Throws<InsufficientMemoryException>(() => Prepare<float>(s_options with { Width = int.MaxValue }));

    private static WordVectorTraining<T> Prepare<T>(WordVectorOptions options)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> => new(s_text, WordVocabulary.Count(s_text, options.MinCount), options);

    private static WordVectorTraining<T> Train<T>(WordVectorOptions options, out WordVectorProgress progress)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        WordVectorTraining<T> training = Prepare<T>(options);
        Last last = new();
        training.Run(last, TestContext.Current.CancellationToken);
        progress = last.Progress;
        return training;
    }

    /// <summary>The same batches, through plain loops over the whole tables.</summary>
    private static (double[] Inputs, double[] Outputs, double Loss, long Examples) PlainTraining(WordVectorOptions options, int batchSize)
    {
        WordVocabulary vocabulary = WordVocabulary.Count(s_text, options.MinCount);
        int size = vocabulary.Words.Count * options.Width;
        double[] inputs = new double[size], outputs = new double[size];
        new RandomStream(options.Seed, RandomPurpose.Initialisation).FillUniform<double>(inputs, -0.5 / options.Width, 0.5 / options.Width);
        NeighbourExamples examples = new(vocabulary.Counts, options.IsBagOfWords, options.Window, options.Negative, options.Subsample, options.Seed);
        NeighbourBatch batch = new(batchSize, examples.ContextWidth, 1 + options.Negative);
        (double loss, long count, long words) = (0, 0, 0);
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            examples.Start(epoch);
            vocabulary.ReadLines(s_text, line =>
            {
                examples.Add(line, batch, Step);
                words += line.Count;
            }, CancellationToken.None);
            Step();
        }
        return (inputs, outputs, loss, count);

        void Step()
        {
            double rate = options.FirstRate * Math.Max(1e-4, 1 - (double)words / (options.Epochs * vocabulary.Total));
            PlainNegativeSampling plain = PlainNegativeSampling.Run(inputs, outputs, options.Width,
                [.. batch.Contexts.ToArray().Chunk(batch.ContextWidth)], [.. batch.Targets.ToArray().Chunk(batch.TargetWidth)]);
            for (int i = 0; i < size; i++)
            {
                inputs[i] -= rate * plain.InputGradient[i];
                outputs[i] -= rate * plain.OutputGradient[i];
            }
            loss += plain.Loss;
            count += batch.Count;
            batch.Clear();
        }
    }

    private sealed class Last : IProgress<WordVectorProgress>
    {
        public WordVectorProgress Progress { get; private set; }

        public void Report(WordVectorProgress value) => Progress = value;
    }

    private sealed class Cancelling(CancellationTokenSource source) : IProgress<WordVectorProgress>
    {
        public void Report(WordVectorProgress value) => source.Cancel();
    }
}
