using System.Text.Json.Serialization;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Data;

/// <summary>In which order training goes through its tokens.</summary>
[JsonConverter(typeof(NameConverter<BatchOrder>))]
public enum BatchOrder
{
    /// <summary>Each row of a batch starts anywhere.</summary>
    [JsonStringEnumMemberName("random")] Random,

    /// <summary>From the first token to the last, and again.</summary>
    [JsonStringEnumMemberName("sequential")] Sequential,
}

/// <summary>
/// Batches of training examples. What a batch holds is a function of the step alone, so a resumed run goes on with the batches
/// that it would have had.
/// </summary>
public abstract class BatchSource
{
    private protected BatchSource(TokenSource tokens, int context, int batchSize, int microBatches)
    {
        Require.Positive(context, "context");
        Require.Positive(batchSize, "batch size");
        Require.Positive(microBatches, "number of accumulated batches");
        Require.That((long)batchSize * context <= int.MaxValue, $"a batch of {batchSize} rows of {context} tokens is too large");
        Tokens = tokens;
        Context = context;
        BatchSize = batchSize;
        MicroBatches = microBatches;
    }

    /// <summary>Where the examples come from.</summary>
    public TokenSource Tokens { get; }

    /// <summary>T: the length of an example.</summary>
    public int Context { get; }

    /// <summary>B: the rows of one micro-batch.</summary>
    public int BatchSize { get; }

    /// <summary>How many micro-batches make one step.</summary>
    public int MicroBatches { get; }

    /// <summary>The batches of an order.</summary>
    /// <exception cref="ArgumentException">The tokens are too few for one example (random) or one step (sequential).</exception>
    public static BatchSource Create(BatchOrder order, TokenSource tokens, int context, int batchSize, int microBatches, ulong seed) =>
        order == BatchOrder.Sequential
            ? new SequentialBatches(tokens, context, batchSize, microBatches)
            : new RandomBatches(tokens, context, batchSize, microBatches, seed);

    /// <summary>Fills one micro-batch.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="microBatch">Which of the step's micro-batches, from 0.</param>
    /// <param name="inputs">[B, T]: the ids that the model sees.</param>
    /// <param name="targets">[B, T]: for each of them the id that follows it.</param>
    /// <exception cref="ArgumentException">A span is not B·T long.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The step is negative or has no such micro-batch.</exception>
    public void Fill(long step, int microBatch, Span<int> inputs, Span<int> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(microBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(microBatch, MicroBatches);
        Require.That(inputs.Length == BatchSize * Context && targets.Length == inputs.Length,
            $"a batch has {BatchSize}·{Context} inputs and as many targets, spans of {inputs.Length} and {targets.Length} are given");
        FillBatch(step, microBatch, inputs, targets);
    }

    private protected abstract void FillBatch(long step, int microBatch, Span<int> inputs, Span<int> targets);

    private protected void ReadShifted(long start, Span<int> inputs, Span<int> targets)
    {
        Tokens.Read(start, inputs);
        Tokens.Read(start + 1, targets);
    }
}

/// <summary>
/// Rows that start anywhere: row r of micro-batch m of a step starts at a number of the stream (seed, purpose, step, m·B + r). So two
/// micro-batches of 6 rows are one batch of 12.
/// </summary>
public sealed class RandomBatches : BatchSource
{
    private readonly ulong _seed;
    private readonly RandomPurpose _purpose;

    /// <summary>Random batches, of <see cref="RandomPurpose.Evaluation"/> for an estimate of the loss that moves no training batch.</summary>
    /// <exception cref="ArgumentException">The tokens are too few for one example.</exception>
    public RandomBatches(
        TokenSource tokens, int context, int batchSize, int microBatches, ulong seed, RandomPurpose purpose = RandomPurpose.Batches)
        : base(tokens, context, batchSize, microBatches)
    {
        Require.That(tokens.Length > context,
            $"a text of {tokens.Length} tokens is too short: a context of {context} needs at least {context + 1L}");
        _seed = seed;
        _purpose = purpose;
    }

    private protected override void FillBatch(long step, int microBatch, Span<int> inputs, Span<int> targets)
    {
        for (int row = 0; row < BatchSize; row++)
        {
            RandomStream stream = new(_seed, _purpose, (ulong)step, (ulong)microBatch * (ulong)BatchSize + (ulong)row);
            long start = stream.Below(0, Tokens.Length - Context);
            ReadShifted(start, inputs.Slice(row * Context, Context), targets.Slice(row * Context, Context));
        }
    }
}

/// <summary>
/// Tokens in their order: step s reads [s·B·T, (s + 1)·B·T), B counting the rows of all its micro-batches, and starts again after
/// ⌊(n - 1)/(B·T)⌋ steps.
/// </summary>
public sealed class SequentialBatches : BatchSource
{
    private readonly long _stepsPerPass;

    /// <summary>Sequential batches.</summary>
    /// <exception cref="ArgumentException">The tokens are too few for one step.</exception>
    public SequentialBatches(TokenSource tokens, int context, int batchSize, int microBatches)
        : base(tokens, context, batchSize, microBatches)
    {
        Int128 needed = (Int128)batchSize * context * microBatches;
        Require.That(tokens.Length > needed,
            $"a text of {tokens.Length} tokens is too short: one step of sequential batches needs at least {needed + 1}");
        _stepsPerPass = (tokens.Length - 1) / (long)needed;
    }

    private protected override void FillBatch(long step, int microBatch, Span<int> inputs, Span<int> targets) =>
        ReadShifted((step % _stepsPerPass * MicroBatches + microBatch) * BatchSize * Context, inputs, targets);
}
