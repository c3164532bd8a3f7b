using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>A range of an axis.</summary>
public static class SliceOperator
{
    /// <summary>A copy of <paramref name="length"/> indices of an axis from <paramref name="start"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the axis.</exception>
    public static Variable<T> Slice<T>(this Variable<T> x, int axis, int start, int length)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Tensor<T> view = x.Value.Slice(axis, start, length);
        Variable<T> y = tape.Result(view.Shape, x.RequiresGradient);
        Elementwise.Copy(view, y.Value);
        if (y.RequiresGradient)
        {
            SliceNode<T> node = tape.Record<SliceNode<T>>(y);
            (node.X, node.Axis, node.Start) = (x, axis, start);
        }

        return y;
    }

    /// <summary>All of it, [...] to [...], without gaps between the numbers: what some views are not.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has no axis.</exception>
    public static Variable<T> WithoutGaps<T>(this Variable<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => x.Slice(0, 0, x.Shape[0]);

    private sealed class SliceNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public int Axis;
        public int Start;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            if (!accumulate)
                Elementwise.Fill(target, T.Zero);

            Elementwise.Copy(Output.Gradient, target.Slice(Axis, Start, Output.Shape[Axis]), accumulate);
        }
    }
}
