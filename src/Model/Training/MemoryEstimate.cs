using MiniGpt.Model.Architectures;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Training;

/// <summary>What a training run takes, from its sizes alone: known before the first byte of it is allocated.</summary>
/// <param name="Weights">The bytes of the parameters.</param>
/// <param name="Optimizer">The bytes of the gradients and of AdamW's two moments; Muon keeps one of matrices.</param>
/// <param name="Activations">The bytes that a step keeps from forward for backward, about.</param>
public readonly record struct MemoryEstimate(long Weights, long Optimizer, long Activations)
{
    // Numbers of the width that the operators around the blocks keep for each token; MemoryEstimateTests compares the sum of all with what a
    // step allocates.
    private const double AroundBlocks = 13;
    private const long MostLogits = 16 << 20; // of a chunk, and as many again where there are several
    private const long SmallestBlock = 1 << 20;

    // Of a block's variables, nodes and names, about: thousands of GPT-2's blocks of width 1 took 43 KB each beside their numbers, Qwen3's more.
    private const long ObjectsOfBlock = 64 << 10;

    private const int ShortestContext = 16;

    /// <summary>The bytes of the objects round these numbers, which count where there are very many small blocks.</summary>
    public long Objects { get; init; }

    /// <summary>The bytes of gradients' sums that wait for their other half, where a step has several batches.</summary>
    public long Sums { get; init; }

    /// <summary>All of it, in bytes.</summary>
    public long Total => Weights + Optimizer + Sums + Activations + Objects;

    /// <summary>The estimate of a run in single precision.</summary>
    /// <param name="config">The model.</param>
    /// <param name="batchSize">B: the rows of a batch.</param>
    /// <param name="accumulate">How many batches' gradients are added up for one step.</param>
    /// <param name="ranks">Among how many processes the work, and the optimizer's state, are divided; the estimate is that of the first one.</param>
    public static MemoryEstimate Of(TransformerConfig config, int batchSize, int accumulate = 1, int ranks = 1)
    {
        ModelShape shape = new(config);
        double tokens = (double)batchSize * config.Context;
        double activations = tokens * (shape.ActivationsOfBlock * config.Layers + AroundBlocks * config.Width)
            + Math.Min(tokens * config.VocabularySize, 2.0 * MostLogits);
        long weights = shape.TrainedCount * sizeof(float);
        int kept = ranks > accumulate ? 0 : MicroBatchTree.MostKept(MicroBatchTree.Roots(accumulate, MicroBatchTree.ShareOf(accumulate, 0, ranks)));
        return new(weights, weights + 2 * weights / ranks, Math.Max(SmallestBlock, (long)(activations * sizeof(float))))
        {
            Objects = config.Layers * ObjectsOfBlock,
            Sums = kept * weights,
        };
    }

    /// <summary>
    /// The sizes closest to those of a run that fit: smaller batches of the same sum, then shorter contexts, then a smaller model.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="bytes">What there is.</param>
    /// <returns>The sizes; null where none of this vocabulary fits.</returns>
    public static FittingSizes? FindFitting(TransformerConfig config, TrainingOptions options, long bytes)
    {
        long rows = (long)options.BatchSize * options.Accumulate;
        for (int batchSize = options.BatchSize - 1; batchSize > 0; batchSize--)
        {
            if (rows % batchSize == 0 && Fits(config, batchSize, rows / batchSize, out MemoryEstimate estimate))
                return new(SizeChange.Batch, config, batchSize, rows / batchSize, estimate);
        }

        for (int context = config.Context / 2; context >= ShortestContext; context /= 2)
        {
            TransformerConfig shorter = config with { Context = context };
            if (Fits(shorter, 1, rows, out MemoryEstimate estimate))
                return new(SizeChange.Context, shorter, 1, rows, estimate);
        }

        TransformerConfig smaller = config with { Context = Math.Min(config.Context, ShortestContext) };
        int heads = smaller.Attention.Heads;
        while (smaller.Layers > 1 || smaller.Width > 2 * heads)
        {
            int width = Math.Max(2, smaller.Width / heads / 2 / 2 * 2) * heads;
            smaller = smaller with
            {
                Layers = Math.Max(1, smaller.Layers / 2),
                Width = width,
                Attention = smaller.Attention with { HeadSize = 0 },
                FeedForward = smaller.FeedForward with { Width = 0 },
            };
            if (Fits(smaller, 1, options.Accumulate, out MemoryEstimate estimate))
                return new(SizeChange.Model, smaller, 1, options.Accumulate, estimate);
        }

        return null;

        bool Fits(TransformerConfig tried, int batchSize, long accumulate, out MemoryEstimate estimate) =>
            (estimate = Of(tried, batchSize, (int)Math.Min(accumulate, int.MaxValue))).Total <= bytes;
    }
}
