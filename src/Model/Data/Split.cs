namespace MiniGpt.Model.Data;

/// <summary>Divides data into a first part to train on and a last part to validate with.</summary>
public static class Split
{
    /// <summary>How many of the characters or tokens train: the first (1 - fraction) of them, rounded down.</summary>
    /// <exception cref="ArgumentException">The fraction is not in [0, 1).</exception>
    public static long TrainLength(long count, double validationFraction)
    {
        Require.Fraction(validationFraction, "validation fraction");
        return (long)((1 - validationFraction) * count);
    }
}
