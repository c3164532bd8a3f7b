using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Two axes exchanged.</summary>
public static class TransposeOperator
{
    /// <summary>A copy with two axes exchanged. A matrix product does not need it: <see cref="MatMulOperator"/> transposes for free.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    public static Variable<T> Transpose<T>(this Variable<T> x, int axis1, int axis2)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Tensor<T> view = x.Value.Transpose(axis1, axis2);
        Variable<T> y = tape.Result(view.Shape, x.RequiresGradient);
        Elementwise.Copy(view, y.Value);
        if (y.RequiresGradient)
        {
            TransposeNode<T> node = tape.Record<TransposeNode<T>>(y);
            (node.X, node.Axis1, node.Axis2) = (x, axis1, axis2);
        }

        return y;
    }

    private sealed class TransposeNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public int Axis1;
        public int Axis2;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Elementwise.Copy(Output.Gradient.Transpose(Axis1, Axis2), target, accumulate);
        }
    }
}
