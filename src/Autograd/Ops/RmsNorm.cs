using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>Root-mean-square normalisation (Zhang and Sennrich 2019): layer norm without the mean and the bias.</summary>
public static class RmsNormOperator
{
    /// <summary>y = x / √(mean(x²) + epsilon) · gain over the innermost axis.</summary>
    /// <param name="x">[..., C]; may be a view whose rows lie apart.</param>
    /// <param name="gain">[C].</param>
    /// <param name="epsilon">Keeps a row of zeros finite.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> RmsNorm<T>(this Variable<T> x, Variable<T> gain, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x, gain);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient || gain.RequiresGradient);
        Tensor<T> inverse = y.RequiresGradient ? tape.Allocate<T>(x.Shape.Without(-1)) : default;
        Tensors.Kernels.RmsNorm.Forward(x.Value, gain.Value, y.Value, inverse, epsilon);
        if (y.RequiresGradient)
        {
            RmsNormNode<T> node = tape.Record<RmsNormNode<T>>(y);
            (node.X, node.Gain, node.Inverse) = (x, gain, node.Save(inverse));
        }

        return y;
    }

    private sealed class RmsNormNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Variable<T> Gain = null!;
        public Tensor<T> Inverse;

        protected internal override void Backward()
        {
            bool accumulateInput = false, accumulateGain = false;
            Tensor<T> dx = X.RequiresGradient ? X.GradientTarget(out accumulateInput) : default;
            Tensor<T> dgain = Gain.RequiresGradient ? Gain.GradientTarget(out accumulateGain) : default;
            Tensors.Kernels.RmsNorm.Backward(X.Value, Gain.Value, Inverse, Output.Gradient, dx, accumulateInput, dgain, accumulateGain);
        }
    }
}
