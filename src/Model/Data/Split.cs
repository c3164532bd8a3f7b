namespace MiniGpt.Model.Data;

/// <summary>Divides data into a first part to train on and a last part to validate with.</summary>
public static class Split
{
    /// <summary>
    /// How many of the characters train: the first (1 - fraction) of them, rounded down, and never half of a surrogate pair.
    /// </summary>
    /// <exception cref="ArgumentException">The fraction is not in [0, 1).</exception>
    public static int TrainLength(ReadOnlySpan<char> text, double validationFraction)
    {
        int length = (int)TrainLength(text.Length, validationFraction);
        bool insidePair = length > 0 && length < text.Length && char.IsSurrogatePair(text[length - 1], text[length]);
        return insidePair ? length - 1 : length;
    }

    /// <summary>How many of the tokens train: the first (1 - fraction) of them, rounded down.</summary>
    /// <exception cref="ArgumentException">The fraction is not in [0, 1).</exception>
    public static long TrainLength(long count, double validationFraction)
    {
        Require.Fraction(validationFraction, "validation fraction");
        return (long)((1 - validationFraction) * count);
    }
}
