using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Root mean square normalisation (Zhang and Sennrich 2019): each row (the last axis) is scaled to a mean square of 1, then multiplied by a
/// gain that all rows share.
/// </summary>
public static class RmsNorm
{
    /// <summary>y = x / √(mean(x²) + epsilon) · gain; y may be x.</summary>
    /// <param name="x">[..., C]; rows lie without gaps, but may lie apart, such as the heads of queries beside those of keys.</param>
    /// <param name="gain">[C].</param>
    /// <param name="y">[..., C], as x.</param>
    /// <param name="inverseRootMeanSquare">Gets each row's 1 / √(mean(x²) + epsilon), for the backward pass; may be empty.</param>
    /// <param name="epsilon">Keeps rows of zeros from a division by zero.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    /// <exception cref="ArgumentException">y is a view that repeats rows.</exception>
    public static void Forward<T>(
        in Tensor<T> x, in Tensor<T> gain, in Tensor<T> y, in Tensor<T> inverseRootMeanSquare, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        RowNorm<T, Norm>.Forward(x, gain, default, y, default, inverseRootMeanSquare, epsilon);

    /// <summary>
    /// With n = x · inverseRootMeanSquare and g = dy · gain: dx = inverseRootMeanSquare (g - n mean(g n)) and dgain = Σ dy n over all rows.
    /// Each gradient is added to its tensor or written over it.
    /// </summary>
    /// <param name="x">The input, [..., C]; rows lie without gaps, but may lie apart.</param>
    /// <param name="gain">[C].</param>
    /// <param name="inverseRootMeanSquare">From the forward pass, one a row.</param>
    /// <param name="dy">The output's gradient, [..., C], as x.</param>
    /// <param name="dx">The input's gradient, [..., C], as x; may be dy, or empty if nobody wants it.</param>
    /// <param name="accumulateInput">Whether dx is added to.</param>
    /// <param name="dgain">[C], or empty if nobody wants it.</param>
    /// <param name="accumulateGain">Whether dgain is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    /// <exception cref="ArgumentException">dx is a view that repeats rows.</exception>
    public static void Backward<T>(
        in Tensor<T> x,
        in Tensor<T> gain,
        in Tensor<T> inverseRootMeanSquare,
        in Tensor<T> dy,
        in Tensor<T> dx,
        bool accumulateInput,
        in Tensor<T> dgain,
        bool accumulateGain)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        RowNorm<T, Norm>.Backward(x, gain, default, inverseRootMeanSquare, dy, dx, accumulateInput, dgain, accumulateGain, default, false);

    private readonly struct Norm : IRowNorm
    {
        public static string Name => "RmsNorm";

        public static bool Centres => false;
    }
}
