using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>y = a + b.</summary>
public static class AddOperator
{
    /// <summary>The sum of two variables whose shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Add<T>(this Variable<T> a, Variable<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(a, b);
        Variable<T> y = tape.Result(Shape.Broadcast(a.Shape, b.Shape, "Add"), a.RequiresGradient || b.RequiresGradient);
        Elementwise.Add(a.Value, b.Value, y.Value);
        if (y.RequiresGradient)
        {
            AddNode<T> node = tape.Record<AddNode<T>>(y);
            (node.A, node.B) = (a, b);
        }

        return y;
    }

    private sealed class AddNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> A = null!;
        public Variable<T> B = null!;

        // Both gradients are the output's: where possible the first takes over its memory and the second reads it there, so that a
        // residual stream has one gradient that flows from its end to its start.
        protected internal override void Backward()
        {
            Tensor<T> dy = Output.Gradient;
            bool isTaken = A != B && A.RequiresGradient && A.TryTakeGradient(Output);
            if (A.RequiresGradient && !isTaken)
                A.AddGradient(dy);

            if (B.RequiresGradient && !(isTaken ? B.TryBorrowGradient(A) : B.TryTakeGradient(Output)))
                B.AddGradient(dy);
        }
    }
}
