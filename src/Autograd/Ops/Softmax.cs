using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>Numbers to probabilities that sum to one.</summary>
public static class SoftmaxOperator
{
    /// <summary>exp(x) / Σ exp(x) along an axis, safe for any finite input.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> Softmax<T>(this Variable<T> x, int axis = -1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (x.Shape.Axis(axis) != x.Shape.Rank - 1)
            return x.Transpose(axis, -1).Softmax().Transpose(axis, -1);

        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Tensors.Kernels.Softmax.Forward(x.Value, y.Value);
        if (y.RequiresGradient)
            tape.Record<SoftmaxNode<T>>(y).X = x;

        return y;
    }

    private sealed class SoftmaxNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Tensors.Kernels.Softmax.Backward(Output.Value, Output.Gradient, target, accumulate);
        }
    }
}
