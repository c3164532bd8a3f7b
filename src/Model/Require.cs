using System.Numerics;

namespace MiniGpt.Model;

/// <summary>Rules that values given by a user must keep. What is thrown is one line, fit to be shown as it is.</summary>
internal static class Require
{
    public static void That(bool rule, string otherwise)
    {
        if (!rule)
            throw new ArgumentException(otherwise);
    }

    public static void Positive<T>(T value, string name) where T : INumber<T> =>
        That(value > T.Zero && T.IsFinite(value), $"the {name} must be positive, it is {value}");

    public static void NotNegative<T>(T value, string name) where T : INumber<T> =>
        That(value >= T.Zero && T.IsFinite(value), $"the {name} must not be negative, it is {value}");

    public static void Fraction(double value, string name) =>
        That(value is >= 0 and < 1, $"the {name} must be at least 0 and less than 1, it is {value}");
}
