using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>The same elements under another shape: no copy on the way forward.</summary>
public static class ReshapeOperator
{
    /// <summary>Another shape with as many elements.</summary>
    /// <exception cref="ShapeException">The numbers of elements differ.</exception>
    public static Variable<T> Reshape<T>(this Variable<T> x, Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.View(x, x.Value.Reshape(shape));
        if (y.RequiresGradient)
            tape.Record<ReshapeNode<T>>(y).X = x;

        return y;
    }

    private sealed class ReshapeNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Elementwise.Copy(Output.Gradient.Reshape(X.Shape), target, accumulate);
        }
    }
}
