using System.Numerics;

namespace MiniGpt.Tensors.Kernels;

/// <summary>How ln Σ e^x of a row is kept for the backward pass: as a shift and ln Σ e^(x - shift).</summary>
/// <remarks>
/// The shift is 0 but where the logarithm would be so large that its rounding counts: at 58,000 a float has steps of 0.004. There it is the
/// greatest value of the row, as in the softmax itself.
/// </remarks>
internal static unsafe class ShiftedLogSumExp
{
    // Up to here ln Σ e^x is rounded by no more than four times as much as a value of 4 is.
    private const double LargestUnshifted = 16;

    /// <summary>Writes both numbers of a row.</summary>
    /// <param name="to">Takes two numbers.</param>
    /// <param name="whole">ln Σ e^x.</param>
    /// <param name="max">The greatest value.</param>
    /// <param name="log">ln Σ e^(x - max).</param>
    public static void Write<T>(T* to, T whole, T max, T log)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool isLarge = T.IsFinite(whole) && T.Abs(whole) > T.CreateTruncating(LargestUnshifted);
        to[0] = isLarge ? max : T.Zero;
        to[1] = isLarge ? log : whole;
    }
}
