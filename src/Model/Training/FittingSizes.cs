using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Training;

/// <summary>What has to change for a run to fit into memory, the least first.</summary>
public enum SizeChange
{
    /// <summary>Smaller batches, of which more are summed: the same training.</summary>
    Batch,

    /// <summary>A shorter context as well.</summary>
    Context,

    /// <summary>A smaller model.</summary>
    Model,
}

/// <summary>Sizes of a training run that fit into memory.</summary>
/// <param name="Change">What is not as it was asked for.</param>
/// <param name="Config">The model.</param>
/// <param name="BatchSize">The rows of a batch.</param>
/// <param name="Accumulate">How many batches are summed for a step.</param>
/// <param name="Estimate">What the run takes with them.</param>
public sealed record FittingSizes(SizeChange Change, TransformerConfig Config, int BatchSize, long Accumulate, MemoryEstimate Estimate);
