using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Sums and means, over one axis or over everything.</summary>
public static class SumOperator
{
    /// <summary>The sum over an axis, which is left out of the result, or kept with size 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> Sum<T>(this Variable<T> x, int axis, bool keepAxis = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Shape reduced = x.Shape.Without(axis);
        Shape kept = x.Shape.With(axis, 1);
        Variable<T> y = tape.Result(keepAxis ? kept : reduced, x.RequiresGradient);
        Reductions.Sum(x.Value, axis, y.Value.Reshape(reduced), accumulate: false);
        if (y.RequiresGradient)
        {
            SumNode<T> node = tape.Record<SumNode<T>>(y);
            (node.X, node.Kept) = (x, kept);
        }

        return y;
    }

    /// <summary>The sum of all elements, a single number.</summary>
    public static Variable<T> Sum<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Reshape([checked((int)x.Shape.Count)]).Sum(0);

    /// <summary>The mean over an axis, which is left out of the result, or kept with size 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> Mean<T>(this Variable<T> x, int axis, bool keepAxis = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        x.Sum(axis, keepAxis).Scale(T.One / T.CreateChecked(x.Shape[axis]));

    /// <summary>The mean of all elements, a single number.</summary>
    public static Variable<T> Mean<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Sum().Scale(T.One / T.CreateChecked(x.Shape.Count));

    private sealed class SumNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Shape Kept;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Elementwise.Copy(Output.Gradient.Reshape(Kept).BroadcastTo(X.Shape), target, accumulate);
        }
    }
}
