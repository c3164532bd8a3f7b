using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>Makes what some parts of a model add to the residual stream zero, at every position.</summary>
/// <param name="parts">The parts; none, and the forward pass is as it always is.</param>
/// <example><code>
/// ForwardPass&lt;float&gt; pass = new(tape) { Observer = new SwitchedOff&lt;float&gt;([ModelPart.OfHead(layer: 1, head: 0)]) };
/// Variable&lt;float&gt; loss = model.Loss(ids, targets, pass);
/// </code></example>
public sealed class SwitchedOff<T>(IReadOnlyList<ModelPart> parts) : IForwardObserver<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    public Variable<T> See(ForwardStage stage, int layer, Variable<T> value)
    {
        T[] marks = stage switch
        {
            // What the output projection makes of zeros is zero; its bias belongs to no head.
            ForwardStage.HeadOutputs => [.. Enumerable.Range(0, value.Shape[1]).Select(head => Mark(ModelPart.OfHead(layer, head)))],
            ForwardStage.AttentionOutput => [Mark(ModelPart.OfAttention(layer))],
            ForwardStage.FeedForwardOutput => [Mark(ModelPart.OfFeedForward(layer))],
            _ => [],
        };
        return marks.Contains(T.One) ? value.MaskedFill(Tensor<T>.From(marks, [marks.Length, 1, 1]), T.Zero) : value;
    }

    private T Mark(ModelPart part) => parts.Contains(part) ? T.One : T.Zero;
}
