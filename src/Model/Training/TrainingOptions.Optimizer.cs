using System.Numerics;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;

namespace MiniGpt.Model.Training;

/// <content>The optimizer of a run.</content>
public sealed partial record TrainingOptions
{
    /// <summary>The optimizer that these options ask for, its state zero.</summary>
    /// <param name="parameters">The parameters that it updates.</param>
    /// <param name="ranks">Among whom the updates and their state are divided; left out, this process has all of them.</param>
    public Optimizer<T> CreateOptimizer<T>(ParameterSet<T> parameters, ICollective? ranks = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rank = ranks?.Rank ?? 0;
        Ownership? ownership = ranks is { Size: > 1 } ? OwnershipOf(parameters, ranks.Size) : null;
        return Optimizer == OptimizerKind.Muon
            ? new Muon<T>(parameters, new MuonOptions(LearningRate, MatrixRate, WeightDecay), AdamW, ownership, rank)
            : new AdamW<T>(parameters, AdamW, _ => true, ownership, rank);
    }

    private Ownership OwnershipOf<T>(ParameterSet<T> parameters, int ranks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        parameters.AllocateGradients();
        return Ownership.Of(parameters, parameter => Optimizer == OptimizerKind.Muon && Muon<T>.IsMatrix(parameter), ranks);
    }

    private AdamWOptions AdamW => new(Beta1, Beta2, Epsilon, WeightDecay);
}
