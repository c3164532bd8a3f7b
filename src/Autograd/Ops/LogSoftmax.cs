using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>The logarithm of the softmax, without taking the logarithm of a rounded zero.</summary>
public static class LogSoftmaxOperator
{
    /// <summary>x − log Σ exp(x) along an axis.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> LogSoftmax<T>(this Variable<T> x, int axis = -1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (x.Shape.Axis(axis) != x.Shape.Rank - 1)
            return x.Transpose(axis, -1).LogSoftmax().Transpose(axis, -1);

        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Tensors.Kernels.LogSoftmax.Forward(x.Value, y.Value);
        if (y.RequiresGradient)
            tape.Record<LogSoftmaxNode<T>>(y).X = x;

        return y;
    }

    private sealed class LogSoftmaxNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Tensors.Kernels.LogSoftmax.Backward(Output.Value, Output.Gradient, target, accumulate);
        }
    }
}
