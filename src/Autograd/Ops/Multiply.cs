using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>y = a · b, element by element.</summary>
public static class MultiplyOperator
{
    /// <summary>The product, element by element, of two variables whose shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Multiply<T>(this Variable<T> a, Variable<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(a, b);
        Variable<T> y = tape.Result(Shape.Broadcast(a.Shape, b.Shape, "Multiply"), a.RequiresGradient || b.RequiresGradient);
        Elementwise.Multiply(a.Value, b.Value, y.Value);
        if (y.RequiresGradient)
        {
            MultiplyNode<T> node = tape.Record<MultiplyNode<T>>(y);
            (node.Tape, node.A, node.B) = (tape, a, b);
        }

        return y;
    }

    private sealed class MultiplyNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> A = null!;
        public Variable<T> B = null!;

        // da = dy · b and db = dy · a.
        protected internal override void Backward()
        {
            AddProduct(A, B);
            AddProduct(B, A);
        }

        private void AddProduct(Variable<T> input, Variable<T> other)
        {
            if (!input.RequiresGradient)
                return;

            if (input.Has(Output.Shape))
            {
                Tensor<T> target = input.GradientTarget(out bool accumulate);
                Elementwise.Multiply(Output.Gradient, other.Value, target, accumulate);
            }
            else
            {
                Tensor<T> product = Save(Tape.Allocate<T>(Output.Shape));
                Elementwise.Multiply(Output.Gradient, other.Value, product);
                input.AddGradient(product);
            }
        }
    }
}
