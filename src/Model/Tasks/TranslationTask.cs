using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Tasks;

/// <summary>What decides about the batches of a <see cref="TranslationTask{T}"/>.</summary>
public sealed record TranslationTaskOptions
{
    /// <summary>B: the pairs of a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>How many batches' gradients are added up for one step.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>With which probabilities training sets numbers to zero; a number alone is that of all places.</summary>
    public DropoutRates Dropout { get; init; }

    /// <summary>The share of each target that is spread over all tokens (Szegedy et al. 2016), in [0, 1).</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Where all random numbers come from.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many batches an evaluation of a part reads; 0 all pairs.</summary>
    public int EvalBatches { get; init; } = 20;
}

/// <summary>
/// Translating: each token of a translation from its sentence and the tokens before it, which are those of the right translation whatever the
/// model would have written (teacher forcing).
/// </summary>
/// <param name="model">The model, its parameters filled.</param>
/// <param name="options">What decides about the batches.</param>
/// <param name="data">The pairs.</param>
/// <param name="tokenizer">Turns samples to text; without one they are ids.</param>
/// <param name="ranks">Who shares the evaluations; left out, this process does them alone.</param>
/// <param name="sourceTokenizer">Turns the sentences of samples to text, where it is another.</param>
/// <exception cref="ArgumentException">The pairs are too few for a batch, or the model knows no ids that begin and end a translation.</exception>
public sealed class TranslationTask<T>(
    Translator<T> model, TranslationTaskOptions options, TranslationData data, ITokenizer? tokenizer = null, ICollective? ranks = null,
    ITokenizer? sourceTokenizer = null) : ILearningTask<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly PairBatches _batches = new(data.Train, options.BatchSize, options.Seed);
    private readonly TranslationMarkIds _marks = TranslationMarkIds.Of(model.Config);
    private readonly Tape<T> _tape = new(records: false);
    private readonly ICollective _ranks = ranks ?? OneRank.Instance;
    private readonly PaddingMask _padding = new() { Marks = default };

    /// <inheritdoc/>
    public ParameterSet<T> Parameters => model.Parameters;

    /// <inheritdoc/>
    public int MicroBatches => options.Accumulate;

    /// <summary>Tokens of translations in one step, on average.</summary>
    public long TokensOfStep { get; } = (long)Math.Round(options.Accumulate * options.BatchSize * (data.Train.MeanTargetLength + 1));

    /// <summary>Floating-point operations in one step, on average, those for padding not counted.</summary>
    public double OperationsOfStep { get; } = options.Accumulate * options.BatchSize * new ModelShape(model.Config)
        .TrainingOperationsOfPair(data.Train.MeanSourceLength + 1, data.Train.MeanTargetLength + 1);

    /// <inheritdoc/>
    public IProgress<DataProgress>? Progress { get; set; }

    /// <inheritdoc/>
    public bool PartIsWhole => options.EvalBatches == 0 || data.Validation?.Count <= options.EvalBatches * options.BatchSize;

    /// <inheritdoc/>
    public Variable<T> Loss(Tape<T> tape, int step, int microBatch)
    {
        long number = (long)step * options.Accumulate + microBatch;
        DropoutStreams? dropout = DropoutStreams.For(options.Dropout, options.Seed, (ulong)number);
        return Loss(tape, data.Train, _batches.At(number), dropout, options.LabelSmoothing);
    }

    /// <inheritdoc/>
    public double TrainLoss(CancellationToken cancellationToken = default) =>
        Evaluate(data.Train, Math.Min(data.Train.Count, Math.Max(1, options.EvalBatches) * options.BatchSize), cancellationToken);

    /// <inheritdoc/>
    public double? ValidationLoss(bool whole, CancellationToken cancellationToken = default) => data.Validation is not { } pairs
        ? null
        : Evaluate(pairs, whole || PartIsWhole ? pairs.Count : options.EvalBatches * options.BatchSize, cancellationToken);

    /// <summary>A sentence of those that the model is evaluated on, and what it makes of it.</summary>
    /// <param name="number">The number of the sample: each is another sentence.</param>
    /// <param name="tokens">How long the translation is at most.</param>
    public string Sample(int number, int tokens)
    {
        TokenPairs pairs = data.Validation ?? data.Train;
        int[] source = pairs.Sources[new RandomStream(options.Seed, RandomPurpose.Sampling, (ulong)number).Below(0, pairs.Count)];
        using TranslationSearch<T> search = new(model);
        int[] written = search.Translate([source], new SearchOptions { MostTokens = tokens })[0][0].Ids;
        return tokenizer is null
            ? $"{string.Join(' ', source)} → {string.Join(' ', written)}"
            : $"{(sourceTokenizer ?? tokenizer).Decode(source)} → {tokenizer.Decode(written)}";
    }

    /// <summary>Frees the memory of the evaluations.</summary>
    public void Dispose() => _tape.Dispose();

    /// <summary>The mean loss of the first pairs of some, each token of a translation counting once.</summary>
    private double Evaluate(TokenPairs pairs, int count, CancellationToken cancellationToken)
    {
        _tape.Cancellation = cancellationToken;
        int[] order = [.. Enumerable.Range(0, count).OrderBy(pair => pairs.Targets[pair].Length).ThenBy(pair => pairs.Sources[pair].Length)];
        double[] losses = SharedLosses.Of(_ranks, (count + options.BatchSize - 1) / options.BatchSize, index =>
        {
            _tape.Reset();
            return double.CreateChecked(Loss(_tape, pairs, Batch(index), dropout: null, smoothing: 0).Value.Span[0]);
        }, Progress);
        double sum = 0;
        long tokens = 0;
        for (int index = 0; index < losses.Length; index++)
        {
            int counted = 0;
            foreach (int pair in Batch(index))
                counted += pairs.Targets[pair].Length + 1;
            sum += losses[index] * counted;
            tokens += counted;
        }
        return sum / tokens;

        ReadOnlySpan<int> Batch(int index) => order.AsSpan(index * options.BatchSize, Math.Min(options.BatchSize, count - index * options.BatchSize));
    }

    private Variable<T> Loss(
        Tape<T> tape, TokenPairs pairs, ReadOnlySpan<int> batch, DropoutStreams? dropout, double smoothing)
    {
        int longestSource = 0, longestTarget = 0;
        foreach (int pair in batch)
        {
            longestSource = Math.Max(longestSource, pairs.Sources[pair].Length + 1);
            longestTarget = Math.Max(longestTarget, pairs.Targets[pair].Length + 1);
        }
        Tensor<int> source = tape.Allocate<int>([batch.Length, longestSource]);
        Tensor<byte> padding = tape.Allocate<byte>(source.Shape);
        Tensor<int> inputs = tape.Allocate<int>([batch.Length, longestTarget]), targets = tape.Allocate<int>(inputs.Shape);
        for (int row = 0; row < batch.Length; row++)
        {
            int[] from = pairs.Sources[batch[row]], to = pairs.Targets[batch[row]];
            Span<int> sourceRow = Row(source, row), inputRow = Row(inputs, row), targetRow = Row(targets, row);
            Span<byte> paddingRow = padding.Span.Slice(row * longestSource, longestSource);
            Write(from, _marks.SourceEnd, _marks.SourcePadding, sourceRow);
            paddingRow[..(from.Length + 1)].Clear();
            paddingRow[(from.Length + 1)..].Fill(1);
            inputRow[0] = _marks.Begin;
            to.CopyTo(inputRow[1..]);
            inputRow[(to.Length + 1)..].Fill(_marks.Padding);
            Write(to, _marks.End, CrossEntropyOperator.DefaultIgnoredTarget, targetRow);
        }
        tape.Profile?.Lap("Batch");
        // Nothing stands behind the padding of a translation, which sees backward alone: only that of the source has to be hidden.
        _padding.Marks = padding;
        Variable<T> encoded = model.Encode(source, new ForwardPass<T>(tape) { Dropout = dropout, Padding = _padding });
        SourceSequence<T> sequence = new() { Hidden = encoded, Padding = _padding };
        return model.Loss(inputs, targets, new ForwardPass<T>(tape) { Dropout = dropout, Source = sequence }, smoothing);

        static void Write(int[] ids, int end, int rest, Span<int> row)
        {
            ids.CopyTo(row);
            row[ids.Length] = end;
            row[(ids.Length + 1)..].Fill(rest);
        }

        static Span<int> Row(Tensor<int> tensor, int row) => tensor.Span.Slice(row * tensor.Shape[1], tensor.Shape[1]);
    }
}
