using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Some elements replaced by a number: how a mask enters an attention that is written out.</summary>
public static class MaskedFillOperator
{
    /// <summary><paramref name="value"/>, which may be -infinity, where the mask is not 0, and x elsewhere.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="mask">Broadcasts to x's shape; on the tape or otherwise alive until after the backward pass.</param>
    /// <param name="value">What replaces the masked elements. No gradient goes through them.</param>
    /// <exception cref="ShapeException">The mask cannot be broadcast to x's shape.</exception>
    public static Variable<T> MaskedFill<T>(this Variable<T> x, Tensor<T> mask, T value)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Elementwise.MaskedFill(x.Value, mask, value, y.Value);
        if (y.RequiresGradient)
        {
            MaskedFillNode<T> node = tape.Record<MaskedFillNode<T>>(y);
            (node.X, node.Mask) = (x, mask);
        }

        return y;
    }

    private sealed class MaskedFillNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Tensor<T> Mask;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Elementwise.MaskedFill(Output.Gradient, Mask, T.Zero, target, accumulate);
        }
    }
}
