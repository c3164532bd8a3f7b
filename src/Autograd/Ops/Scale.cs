using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>y = x · factor.</summary>
public static class ScaleOperator
{
    /// <summary>A variable times a number.</summary>
    public static Variable<T> Scale<T>(this Variable<T> x, T factor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Elementwise.Scale(x.Value, factor, y.Value);
        if (y.RequiresGradient)
        {
            ScaleNode<T> node = tape.Record<ScaleNode<T>>(y);
            (node.X, node.Factor) = (x, factor);
        }

        return y;
    }

    private sealed class ScaleNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public T Factor;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Elementwise.Scale(Output.Gradient, Factor, target, accumulate);
        }
    }
}
