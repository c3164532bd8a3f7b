using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>The loss of a language model: the mean of −log p(target).</summary>
public static class CrossEntropyOperator
{
    /// <summary>The target that counts for nothing where no other is given: PyTorch's.</summary>
    public const int DefaultIgnoredTarget = -100;

    /// <summary>The mean over the targets of −log softmax(logits)[target], in nats; ignored targets count neither way.</summary>
    /// <param name="logits">[..., V].</param>
    /// <param name="targets">As many ids as rows of logits; on the tape or otherwise alive until after the backward pass.</param>
    /// <param name="ignoredTarget">The id that marks a position without a target.</param>
    /// <returns>A single number; zero where every target is ignored.</returns>
    /// <exception cref="ArgumentException">A target is outside of the vocabulary, or their number is not that of the rows.</exception>
    public static Variable<T> CrossEntropy<T>(this Variable<T> logits, Tensor<int> targets, int ignoredTarget = DefaultIgnoredTarget)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(logits);
        int rows = checked((int)logits.Shape.Without(-1).Count);
        if (targets.Count != rows)
            throw new ShapeException("CrossEntropy", logits.Shape, targets.Shape, "there must be one target for each row of logits");

        Tensor<T> logSumExp = tape.Allocate<T>([rows, 2]);
        Tensor<int> flatTargets = targets.Reshape([rows]);
        Variable<T> y = tape.Result([], logits.RequiresGradient);
        y.Value.Span[0] = Tensors.Kernels.CrossEntropy.Forward(Rows(logits.Value, rows), flatTargets, logSumExp, ignoredTarget);
        if (y.RequiresGradient)
        {
            CrossEntropyNode<T> node = tape.Record<CrossEntropyNode<T>>(y);
            (node.Logits, node.Targets, node.IgnoredTarget, node.LogSumExp) = (logits, flatTargets, ignoredTarget, node.Save(logSumExp));
        }

        return y;
    }

    private static Tensor<T> Rows<T>(Tensor<T> tensor, int rows)
        where T : unmanaged => tensor.Reshape([rows, tensor.Shape[-1]]);

    private sealed class CrossEntropyNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> Logits = null!;
        public Tensor<int> Targets;
        public Tensor<T> LogSumExp;
        public int IgnoredTarget;

        protected internal override void Backward()
        {
            Tensor<T> target = Logits.GradientTarget(out bool accumulate);
            int rows = Targets.Shape[0];
            Tensors.Kernels.CrossEntropy.Backward(
                Rows(Logits.Value, rows), Targets, LogSumExp, IgnoredTarget, Output.Gradient.Span[0], Rows(target, rows), accumulate);
        }
    }
}
