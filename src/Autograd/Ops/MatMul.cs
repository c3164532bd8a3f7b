using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Matrix products, one or many at once.</summary>
public static class MatMulOperator
{
    /// <summary>
    /// [..., M, K] by [..., K, N] gives [..., M, N]; outer axes broadcast. A transposed operand costs nothing more:
    /// <paramref name="transposeA"/> reads [..., K, M], <paramref name="transposeB"/> [..., N, K].
    /// </summary>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> MatMul<T>(this Variable<T> a, Variable<T> b, bool transposeA = false, bool transposeB = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (a.Shape.Rank < 2 || b.Shape.Rank < 2)
            throw new ShapeException("MatMul", a.Shape, b.Shape, "both must have at least two axes");

        Tape<T> tape = Tape<T>.Of(a, b);
        Tensor<T> left = Turned(a.Value, transposeA);
        Tensor<T> right = Turned(b.Value, transposeB);
        Shape outer = Shape.Broadcast(left.Shape.Without(-1).Without(-1), right.Shape.Without(-1).Without(-1), "MatMul");
        Variable<T> y = tape.Result(outer.Append(left.Shape[-2]).Append(right.Shape[-1]), a.RequiresGradient || b.RequiresGradient);
        Gemm.Multiply(left, right, y.Value);
        if (y.RequiresGradient)
        {
            MatMulNode<T> node = tape.Record<MatMulNode<T>>(y);
            (node.Tape, node.A, node.B, node.TransposeA, node.TransposeB) = (tape, a, b, transposeA, transposeB);
        }

        return y;
    }

    private static Tensor<T> Turned<T>(Tensor<T> tensor, bool transpose)
        where T : unmanaged => transpose ? tensor.Transpose(-1, -2) : tensor;

    private sealed class MatMulNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> A = null!;
        public Variable<T> B = null!;
        public bool TransposeA;
        public bool TransposeB;

        public override double ForwardOperations => 2.0 * Output.Shape.Count * A.Shape[TransposeA ? -2 : -1];

        public override double BackwardOperations =>
            ForwardOperations * ((A.RequiresGradient ? 1 : 0) + (B.RequiresGradient ? 1 : 0));

        // For Y = A·B: dA = dY·Bᵀ and dB = Aᵀ·dY; for a transposed operand the transpose of that.
        protected internal override void Backward()
        {
            Tensor<T> dy = Output.Gradient;
            if (A.RequiresGradient)
            {
                Tensor<T> right = Turned(B.Value, !TransposeB);
                AddProduct(A, TransposeA ? right.Transpose(-1, -2) : dy, TransposeA ? dy.Transpose(-1, -2) : right);
            }

            if (B.RequiresGradient)
            {
                Tensor<T> left = Turned(A.Value, !TransposeA);
                AddProduct(B, TransposeB ? dy.Transpose(-1, -2) : left, TransposeB ? left.Transpose(-1, -2) : dy);
            }
        }

        private void AddProduct(Variable<T> input, Tensor<T> left, Tensor<T> right)
        {
            Shape product = Output.Shape.With(-2, left.Shape[-2]).With(-1, right.Shape[-1]);
            if (input.Has(product))
            {
                Tensor<T> target = input.GradientTarget(out bool accumulate);
                Gemm.Multiply(left, right, target, accumulate);
            }
            else
            {
                Tensor<T> scratch = Save(Tape.Allocate<T>(product));
                Gemm.Multiply(left, right, scratch);
                input.AddGradient(scratch);
            }
        }
    }
}
