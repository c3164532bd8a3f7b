using System.Numerics;

namespace MiniGpt.Model.Generation;

/// <summary>What logits have to lose to become logarithms of probabilities.</summary>
internal static class LogSumExp
{
    /// <summary>ln Σ e^logit, in double.</summary>
    /// <param name="logits">[V], not empty.</param>
    /// <param name="never">A token that is left out, since it is never written and has no probability; −1 for none.</param>
    public static double Of<T>(ReadOnlySpan<T> logits, int never = -1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int id = 0; id < logits.Length; id++)
            largest = id == never ? largest : Math.Max(largest, double.CreateChecked(logits[id]));
        for (int id = 0; id < logits.Length; id++)
            sum += id == never ? 0 : Math.Exp(double.CreateChecked(logits[id]) - largest);
        return largest + Math.Log(sum);
    }
}
