using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tasks;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Training;

/// <summary>How far the training of word vectors has come. Words, examples and loss are counted from the beginning.</summary>
/// <param name="Epoch">Which time the text is gone through, from 1.</param>
/// <param name="Words">Words that were read.</param>
/// <param name="Examples">Examples that were learned from.</param>
/// <param name="Loss">The sum of their losses, in nats.</param>
public readonly record struct WordVectorProgress(int Epoch, long Words, long Examples, double Loss);

/// <summary>
/// word2vec (Mikolov, Chen, Corrado and Dean 2013): vectors of words that tell the words near them from others, by stochastic gradient
/// descent. The gradients of a batch are summed up in a fixed order, so that the vectors are a function of text, options and seed, whatever the
/// number of threads; each batch reads and changes only the rows of the words in it.
/// </summary>
public sealed class WordVectorTraining<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // All uses of a row in a batch are computed from the same old vectors, and together they are a step that many times as long: the most
    // frequent word bounds how many examples a batch can have before it oscillates.
    private const int MostUsesOfRow = 32;
    private const int FewestExamples = 16, MostExamples = 4096;
    private const double LeastShareOfRate = 1e-4;
    private const int BatchesBetweenReports = 64;

    private readonly WordText _text;
    private readonly WordVocabulary _vocabulary;
    private readonly WordVectorOptions _options;
    private readonly NeighbourExamples _examples;
    private readonly NeighbourBatch _batch;
    private readonly TouchedRows _touchedInputs, _touchedOutputs;
    private readonly Tape<T> _tape = new();
    private WordVectorProgress _progress;
    private long _batches;

    /// <summary>Begins with random vectors.</summary>
    /// <param name="text">The text.</param>
    /// <param name="vocabulary">Its words.</param>
    /// <param name="options">How to train.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="InsufficientMemoryException">The vectors take more memory than there is.</exception>
    public WordVectorTraining(WordText text, WordVocabulary vocabulary, WordVectorOptions options)
    {
        options.Check();
        (_text, _vocabulary, _options) = (text, vocabulary, options);
        int words = vocabulary.Words.Count;
        CheckMemory(words, options.Width);
        _examples = new NeighbourExamples(vocabulary.Counts, options.IsBagOfWords, options.Window, options.Negative, options.Subsample, options.Seed);
        int targets = 1 + options.Negative;
        double fit = MostUsesOfRow / (targets * _examples.LargestShare);
        _batch = new NeighbourBatch((int)Math.Clamp(fit, FewestExamples, MostExamples), _examples.ContextWidth, targets);
        (_touchedInputs, _touchedOutputs) = (new TouchedRows(words), new TouchedRows(words));
        (Inputs, Outputs) = (new Tensor<T>([words, options.Width]), new Tensor<T>([words, options.Width]));
        new RandomStream(options.Seed, RandomPurpose.Initialisation).FillUniform(Inputs.Span, -0.5 / options.Width, 0.5 / options.Width);
    }

    /// <summary>[V, C]: the vectors of words that are looked from, which are the result.</summary>
    public Tensor<T> Inputs { get; }

    /// <summary>[V, C]: the vectors of words that are looked at, which training needs.</summary>
    public Tensor<T> Outputs { get; }

    /// <summary>Examples that are learned from at once.</summary>
    public int BatchSize => _batch.Capacity;

    /// <summary>Goes through the text as often as the options say.</summary>
    /// <param name="progress">Is told now and then, and at the end of each epoch.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    /// <exception cref="ArgumentException">The learning rate is so high that numbers are not finite any more, or no word has a neighbour.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public void Run(IProgress<WordVectorProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        Action step = () => Step(progress, cancellationToken);
        for (int epoch = 0; epoch < _options.Epochs; epoch++)
        {
            _examples.Start(epoch);
            _progress = _progress with { Epoch = epoch + 1 };
            _vocabulary.ReadLines(_text, line =>
            {
                _examples.Add(line, _batch, step);
                _progress = _progress with { Words = _progress.Words + line.Count };
            }, cancellationToken);
            if (_batch.Count > 0)
                step();
            progress?.Report(_progress);
        }
        Require.That(_progress.Examples > 0,
            $"nothing to learn from found in {_vocabulary.Total} words: no line has two words left once frequent ones are skipped");
        foreach (T number in Inputs.Span)
            CheckFinite(double.CreateTruncating(number));
    }

    /// <summary>The words with their vectors.</summary>
    public WordVectors ToVectors()
    {
        Tensor<float> table = new(Inputs.Shape);
        ReadOnlySpan<T> from = Inputs.Span;
        Span<float> to = table.Span;
        for (int i = 0; i < to.Length; i++)
            to[i] = float.CreateTruncating(from[i]);
        return new WordVectors(_vocabulary.Words, table);
    }

    /// <summary>Frees the memory of the tape.</summary>
    public void Dispose() => _tape.Dispose();

    private void Step(IProgress<WordVectorProgress>? progress, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        double done = (double)_progress.Words / (_options.Epochs * _vocabulary.Total);
        T rate = T.CreateTruncating(-_options.FirstRate * Math.Max(LeastShareOfRate, 1 - done));

        _tape.Reset();
        Tensor<int> inputIds = Number(_touchedInputs, _batch.Contexts), outputIds = Number(_touchedOutputs, _batch.Targets);
        Variable<T> inputs = Rows(Inputs, inputIds), outputs = Rows(Outputs, outputIds);
        Tensor<int> contexts = _tape.Copy<int>(_batch.Contexts, [_batch.Count, _batch.ContextWidth]);
        Tensor<int> targets = _tape.Copy<int>(_batch.Targets, [_batch.Count, _batch.TargetWidth]);
        Variable<T> loss = inputs.NegativeSampling(outputs, contexts, targets);
        double sum = double.CreateTruncating(loss.Value.Span[0]);
        CheckFinite(sum);
        _tape.Backward(loss);
        SparseRows.AddScaled(Inputs, inputIds, inputs.Gradient, rate);
        SparseRows.AddScaled(Outputs, outputIds, outputs.Gradient, rate);

        _progress = _progress with { Examples = _progress.Examples + _batch.Count, Loss = _progress.Loss + sum };
        _batch.Clear();
        if (++_batches % BatchesBetweenReports == 0)
            progress?.Report(_progress);
    }

    private Tensor<int> Number(TouchedRows rows, Span<int> ids)
    {
        ReadOnlySpan<int> touched = rows.Number(ids);
        return _tape.Copy(touched, [touched.Length]);
    }

    /// <summary>Some rows as a small table of their own, whose gradient is small as well.</summary>
    private Variable<T> Rows(Tensor<T> table, Tensor<int> ids)
    {
        Tensor<T> rows = _tape.Allocate<T>([ids.Shape[0], table.Shape[1]]);
        Embedding.Gather(table, ids, rows);
        return _tape.Leaf(rows);
    }

    private void CheckFinite(double number) => Require.That(double.IsFinite(number),
        $"the learning rate of {_options.FirstRate} is too high: in epoch {_progress.Epoch} numbers were found that are not finite");

    private static void CheckMemory(int words, int width)
    {
        const int tables = 3; // inputs, outputs, and the floats that are written
        MemoryLimit limit = MemoryLimit.Find();
        double bytes = (double)tables * words * width * Math.Max(sizeof(float), System.Runtime.CompilerServices.Unsafe.SizeOf<T>());
        if (bytes > limit.Bytes || (long)words * width > int.MaxValue)
        {
            throw new InsufficientMemoryException(FormattableString.Invariant($"{words} vectors of {width} numbers take about {bytes / 1e6:F0} MB in ")
                + FormattableString.Invariant($"training, {limit.Whose} leaves {limit.Bytes / 1e6:F0} MB: a smaller width or fewer words expected"));
        }
    }
}
