using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Two variables one behind the other on an axis.</summary>
public static class ConcatOperator
{
    /// <summary>Puts <paramref name="b"/> behind <paramref name="a"/>.</summary>
    /// <exception cref="ShapeException">The sizes of another axis differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> Concat<T>(this Variable<T> a, Variable<T> b, int axis)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Shape.Rank != b.Shape.Rank || a.Shape.With(axis, 0) != b.Shape.With(axis, 0))
            throw new ShapeException("Concat", a.Shape, b.Shape, $"all axes but axis {axis} must be equal");

        Tape<T> tape = Tape<T>.Of(a, b);
        int sizeA = a.Shape[axis], sizeB = b.Shape[axis];
        Variable<T> y = tape.Result(a.Shape.With(axis, sizeA + sizeB), a.RequiresGradient || b.RequiresGradient);
        Elementwise.Copy(a.Value, y.Value.Slice(axis, 0, sizeA));
        Elementwise.Copy(b.Value, y.Value.Slice(axis, sizeA, sizeB));
        if (y.RequiresGradient)
        {
            ConcatNode<T> node = tape.Record<ConcatNode<T>>(y);
            (node.A, node.B, node.Axis) = (a, b, axis);
        }

        return y;
    }

    private sealed class ConcatNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> A = null!;
        public Variable<T> B = null!;
        public int Axis;

        protected internal override void Backward()
        {
            int sizeA = A.Shape[Axis];
            if (A.RequiresGradient)
                A.AddGradient(Output.Gradient.Slice(Axis, 0, sizeA));

            if (B.RequiresGradient)
                B.AddGradient(Output.Gradient.Slice(Axis, sizeA, B.Shape[Axis]));
        }
    }
}
