using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>y = a / b, element by element.</summary>
public static class DivideOperator
{
    /// <summary>The quotient, element by element, of two variables whose shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Divide<T>(this Variable<T> a, Variable<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(a, b);
        Variable<T> y = tape.Result(Shape.Broadcast(a.Shape, b.Shape, "Divide"), a.RequiresGradient || b.RequiresGradient);
        Elementwise.Divide(a.Value, b.Value, y.Value);
        if (y.RequiresGradient)
        {
            DivideNode<T> node = tape.Record<DivideNode<T>>(y);
            (node.Tape, node.A, node.B) = (tape, a, b);
        }

        return y;
    }

    private sealed class DivideNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> A = null!;
        public Variable<T> B = null!;

        // da = dy / b and db = −(dy / b) · y.
        protected internal override void Backward()
        {
            Tensor<T> quotient = Save(Tape.Allocate<T>(Output.Shape));
            Elementwise.Divide(Output.Gradient, B.Value, quotient);
            if (A.RequiresGradient)
                A.AddGradient(quotient);

            if (B.RequiresGradient)
            {
                Elementwise.Multiply(quotient, Output.Value, quotient);
                Elementwise.Scale(quotient, -T.One, quotient);
                B.AddGradient(quotient);
            }
        }
    }
}
