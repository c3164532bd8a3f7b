using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Layer normalisation (Ba et al. 2016): each row (the last axis) is shifted to mean 0 and scaled to variance 1, then multiplied by a gain
/// and moved by a bias that all rows share.
/// </summary>
public static class LayerNorm
{
    /// <summary>y = (x - mean) / √(variance + epsilon) · gain + bias; y may be x.</summary>
    /// <param name="x">[..., C]; rows lie without gaps, but may lie apart.</param>
    /// <param name="gain">[C].</param>
    /// <param name="bias">[C], or empty for none.</param>
    /// <param name="y">[..., C], as x.</param>
    /// <param name="mean">Gets each row's mean, for the backward pass; may be empty.</param>
    /// <param name="inverseDeviation">Gets each row's 1 / √(variance + epsilon), for the backward pass; may be empty.</param>
    /// <param name="epsilon">Keeps rows of equal numbers from a division by zero.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    /// <exception cref="ArgumentException">y is a view that repeats rows.</exception>
    public static void Forward<T>(
        in Tensor<T> x, in Tensor<T> gain, in Tensor<T> bias, in Tensor<T> y, in Tensor<T> mean, in Tensor<T> inverseDeviation, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        RowNorm<T, Norm>.Forward(x, gain, bias, y, mean, inverseDeviation, epsilon);

    /// <summary>
    /// With n = (x - mean) · inverseDeviation and g = dy · gain: dx = inverseDeviation (g - mean(g) - n mean(g n)), dgain = Σ dy n and
    /// dbias = Σ dy over all rows. Each gradient is added to its tensor or written over it.
    /// </summary>
    /// <param name="x">The input, [..., C]; rows lie without gaps, but may lie apart.</param>
    /// <param name="gain">[C].</param>
    /// <param name="mean">From the forward pass, one a row.</param>
    /// <param name="inverseDeviation">From the forward pass, one a row.</param>
    /// <param name="dy">The output's gradient, [..., C], as x.</param>
    /// <param name="dx">The input's gradient, [..., C], as x; may be dy, or empty if nobody wants it.</param>
    /// <param name="accumulateInput">Whether dx is added to.</param>
    /// <param name="dgain">[C], or empty if nobody wants it.</param>
    /// <param name="accumulateGain">Whether dgain is added to.</param>
    /// <param name="dbias">[C], or empty if nobody wants it, or there is no bias.</param>
    /// <param name="accumulateBias">Whether dbias is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    /// <exception cref="ArgumentException">dx is a view that repeats rows.</exception>
    public static void Backward<T>(
        in Tensor<T> x,
        in Tensor<T> gain,
        in Tensor<T> mean,
        in Tensor<T> inverseDeviation,
        in Tensor<T> dy,
        in Tensor<T> dx,
        bool accumulateInput,
        in Tensor<T> dgain,
        bool accumulateGain,
        in Tensor<T> dbias,
        bool accumulateBias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        RowNorm<T, Norm>.Backward(x, gain, mean, inverseDeviation, dy, dx, accumulateInput, dgain, accumulateGain, dbias, accumulateBias);

    private readonly struct Norm : IRowNorm
    {
        public static string Name => "LayerNorm";

        public static bool Centres => true;
    }
}
