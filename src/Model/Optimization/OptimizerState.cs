using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Optimization;

/// <summary>One buffer of an optimizer's state, as checkpoints store it.</summary>
/// <param name="Name">What it is: the tensors of a checkpoint are called NAME.PARAMETER.</param>
/// <param name="Parts">The parameters that have a part in it.</param>
public sealed record OptimizerState<T>(string Name, IReadOnlyList<OptimizerStatePart<T>> Parts)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>What an optimizer keeps of one parameter.</summary>
/// <param name="Parameter">The parameter.</param>
/// <param name="Pieces">
/// The numbers: one piece, in the parameter's shape, where this process updates all of it; else those that it updates, each with the place of
/// its first one among the parameter's numbers.
/// </param>
public sealed record OptimizerStatePart<T>(Parameter<T> Parameter, IReadOnlyList<(int First, Tensor<T> Numbers)> Pieces)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Whether all numbers are here.</summary>
    public bool IsWhole => Pieces is [var piece] && piece.Numbers.Count == Parameter.Shape.Count;

    /// <summary>All numbers, in the parameter's shape.</summary>
    /// <exception cref="InvalidOperationException">Other ranks keep some of them.</exception>
    public Tensor<T> Values => IsWhole
        ? Pieces[0].Numbers.Reshape(Parameter.Shape)
        : throw new InvalidOperationException($"Other ranks keep parts of the optimizer's state of {Parameter.Name}.");
}
