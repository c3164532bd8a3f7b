using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>Layer normalisation (Ba et al. 2016): each row to mean 0 and variance 1, then a gain and a bias.</summary>
public static class LayerNormOperator
{
    /// <summary>y = (x − mean) / √(variance + epsilon) · gain + bias over the innermost axis.</summary>
    /// <param name="x">[..., C]; may be a view whose rows lie apart.</param>
    /// <param name="gain">[C].</param>
    /// <param name="bias">[C], or null for none.</param>
    /// <param name="epsilon">Keeps a constant row finite.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> LayerNorm<T>(this Variable<T> x, Variable<T> gain, Variable<T>? bias, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x, gain, bias);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient || gain.RequiresGradient || bias is { RequiresGradient: true });
        Tensor<T> mean = default, inverseDeviation = default;
        if (y.RequiresGradient)
        {
            mean = tape.Allocate<T>(x.Shape.Without(-1));
            inverseDeviation = tape.Allocate<T>(x.Shape.Without(-1));
        }

        Tensors.Kernels.LayerNorm.Forward(x.Value, gain.Value, bias?.Value ?? default, y.Value, mean, inverseDeviation, epsilon);
        if (y.RequiresGradient)
        {
            LayerNormNode<T> node = tape.Record<LayerNormNode<T>>(y);
            (node.X, node.Gain, node.Bias) = (x, gain, bias);
            (node.Mean, node.InverseDeviation) = (node.Save(mean), node.Save(inverseDeviation));
        }

        return y;
    }

    private sealed class LayerNormNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Variable<T> Gain = null!;
        public Variable<T>? Bias;
        public Tensor<T> Mean;
        public Tensor<T> InverseDeviation;

        protected internal override void Backward()
        {
            bool accumulateInput = false, accumulateGain = false, accumulateBias = false;
            Tensor<T> dx = X.RequiresGradient ? X.GradientTarget(out accumulateInput) : default;
            Tensor<T> dgain = Gain.RequiresGradient ? Gain.GradientTarget(out accumulateGain) : default;
            Tensor<T> dbias = Bias is { RequiresGradient: true } ? Bias.GradientTarget(out accumulateBias) : default;
            Tensors.Kernels.LayerNorm.Backward(
                X.Value, Gain.Value, Mean, InverseDeviation, Output.Gradient, dx, accumulateInput, dgain, accumulateGain, dbias, accumulateBias);
        }
    }
}
