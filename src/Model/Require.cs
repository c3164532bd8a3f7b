using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniGpt.Model;

/// <summary>Rules that values given by a user must keep. What is thrown is one line, fit to be shown as it is.</summary>
internal static class Require
{
    public static void That(bool rule, [InterpolatedStringHandlerArgument(nameof(rule))] ref Message otherwise)
    {
        if (!rule)
            throw new ArgumentException(otherwise.ToString());
    }

    public static void Positive<T>(T value, string name) where T : INumber<T> =>
        That(value > T.Zero && T.IsFinite(value), $"the {name} must be positive, it is {value}");

    public static void NotNegative<T>(T value, string name) where T : INumber<T> =>
        That(value >= T.Zero && T.IsFinite(value), $"the {name} must not be negative, it is {value}");

    public static void Fraction(double value, string name) =>
        That(value is >= 0 and < 1, $"the {name} must be at least 0 and less than 1, it is {value}");

    /// <summary>A message that is put together only where the rule is broken: rules are checked for every batch, messages are rare.</summary>
    [InterpolatedStringHandler]
    public ref struct Message
    {
        private DefaultInterpolatedStringHandler _text;

        public Message(int literalLength, int formattedCount, bool rule, out bool isNeeded)
        {
            isNeeded = !rule;
            if (isNeeded)
                _text = new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }

        public void AppendLiteral(string text) => _text.AppendLiteral(text);

        public void AppendFormatted<TValue>(TValue value) => _text.AppendFormatted(value);

        public override string ToString() => _text.ToStringAndClear();
    }
}
