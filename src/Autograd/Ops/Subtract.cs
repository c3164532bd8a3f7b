using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>y = a − b.</summary>
public static class SubtractOperator
{
    /// <summary>The difference of two variables whose shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Subtract<T>(this Variable<T> a, Variable<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(a, b);
        Variable<T> y = tape.Result(Shape.Broadcast(a.Shape, b.Shape, "Subtract"), a.RequiresGradient || b.RequiresGradient);
        Elementwise.Subtract(a.Value, b.Value, y.Value);
        if (y.RequiresGradient)
        {
            SubtractNode<T> node = tape.Record<SubtractNode<T>>(y);
            (node.Tape, node.A, node.B) = (tape, a, b);
        }

        return y;
    }

    private sealed class SubtractNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> A = null!;
        public Variable<T> B = null!;

        protected internal override void Backward()
        {
            if (A.RequiresGradient)
                A.AddGradient(Output.Gradient);

            if (B.RequiresGradient)
            {
                Tensor<T> negative = Save(Tape.Allocate<T>(Output.Shape));
                Elementwise.Scale(Output.Gradient, -T.One, negative);
                B.AddGradient(negative);
            }
        }
    }
}
