using System.Globalization;
using MiniGpt.Model.Architectures;
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

    private const int ShortestContext = 16;

    /// <summary>All of it, in bytes.</summary>
    public long Total => Weights + Optimizer + Activations;

    /// <summary>The estimate of a run in single precision.</summary>
    /// <param name="config">The model.</param>
    /// <param name="batchSize">B: the rows of a batch.</param>
    public static MemoryEstimate Of(TransformerConfig config, int batchSize)
    {
        ModelShape shape = new(config);
        double tokens = (double)batchSize * config.Context;
        double activations = tokens * (shape.ActivationsOfBlock * config.Layers + AroundBlocks * config.Width)
            + Math.Min(tokens * config.VocabularySize, 2.0 * MostLogits);
        long weights = shape.TrainedCount * sizeof(float);
        return new(weights, 3 * weights, Math.Max(SmallestBlock, (long)(activations * sizeof(float))));
    }

    /// <summary>Throws where a run takes more than there is, naming options that would make it fit.</summary>
    /// <param name="config">The model.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="limit">What there is.</param>
    /// <param name="isNew">Whether the sizes can still be chosen: those of a resumed run cannot.</param>
    /// <exception cref="InsufficientMemoryException">One line with what is needed, what there is, and what would fit.</exception>
    public static void Check(TransformerConfig config, TrainingOptions options, MemoryLimit limit, bool isNew)
    {
        MemoryEstimate need = Of(config, options.BatchSize);
        if (need.Total <= limit.Bytes)
            return;
        string advice = isNew ? Advice(config, options, limit.Bytes) : "a resumed run keeps its sizes, so it needs a larger machine";
        throw new InsufficientMemoryException(
            $"training takes about {Size(need.Total)} ({Size(need.Weights)} of weights, {Size(need.Optimizer)} of gradients and moments, "
            + $"{Size(need.Activations)} of activations), {limit.Whose} leaves {Size(limit.Bytes)}: {advice}");
    }

    /// <summary>The options that change the least: smaller batches of the same sum, then shorter contexts, then a smaller model.</summary>
    private static string Advice(TransformerConfig config, TrainingOptions options, long bytes)
    {
        long rows = (long)options.BatchSize * options.Accumulate;
        for (int batchSize = options.BatchSize - 1; batchSize > 0; batchSize--)
        {
            if (rows % batchSize == 0 && Of(config, batchSize).Total is var total && total <= bytes)
                return $"--batch-size {batchSize} --accumulate {rows / batchSize} takes {Size(total)} for the same training";
        }

        for (int context = config.Context / 2; context >= ShortestContext; context /= 2)
        {
            if (Of(config with { Context = context }, 1).Total is var total && total <= bytes)
                return $"--context {context} --batch-size 1 --accumulate {rows} takes {Size(total)}";
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
            if (Of(smaller, 1).Total is var total && total <= bytes)
                return $"--layers {smaller.Layers} --width {smaller.Width} --context {smaller.Context} --batch-size 1 takes {Size(total)}";
        }

        return "no size of this vocabulary fits";
    }

    private static string Size(long bytes) => bytes < 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, bytes) / 1e6:F0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB");
}
