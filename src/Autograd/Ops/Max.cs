using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>The greatest element over an axis; the gradient goes to the first one that is.</summary>
public static class MaxOperator
{
    /// <summary>The maximum over an axis, which is left out of the result.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> Max<T>(this Variable<T> x, int axis)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape.Without(axis), x.RequiresGradient);
        Tensor<int> indices = tape.Allocate<int>(y.Shape);
        Reductions.Max(x.Value, axis, y.Value, indices);
        if (y.RequiresGradient)
        {
            MaxNode<T> node = tape.Record<MaxNode<T>>(y);
            (node.X, node.Axis, node.Indices) = (x, axis, indices);
        }

        return y;
    }

    private sealed class MaxNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Tensor<int> Indices;
        public int Axis;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Reductions.MaxBackward(Output.Gradient, Indices, Axis, target, accumulate);
        }
    }
}
