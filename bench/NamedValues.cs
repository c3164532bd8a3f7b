using System.Globalization;

namespace MiniGpt.Bench;

/// <summary>What a command was given by name, with the defaults of the rest.</summary>
internal sealed class NamedValues
{
    private readonly Dictionary<string, string> _values;

    private NamedValues(Dictionary<string, string> values) => _values = values;

    /// <summary>A value.</summary>
    public string this[string name] => _values[name];

    /// <summary>A value whose default is a whole number.</summary>
    public int Whole(string name) => int.Parse(_values[name], CultureInfo.InvariantCulture);

    /// <summary>Reads arguments: names and values by turns.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="usage">Is printed where help is asked for, or something does not fit: a name, or a value where a whole number from 0 up belongs.</param>
    /// <param name="exitCode">What to end with if there is nothing to do.</param>
    /// <param name="defaults">All names with their defaults.</param>
    /// <returns>The values; null if there is nothing to do.</returns>
    public static NamedValues? Read(string[] arguments, string usage, out int exitCode, params ReadOnlySpan<(string Name, string Value)> defaults)
    {
        exitCode = 0;
        Dictionary<string, string> values = [];
        foreach ((string name, string value) in defaults)
            values.Add(name, value);
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (!values.TryGetValue(arguments[i], out string? before) || i + 1 == arguments.Length || (IsWhole(before) && !IsWhole(arguments[i + 1])))
            {
                Console.Error.WriteLine(usage);
                exitCode = arguments[i] is "--help" or "-h" ? 0 : 2;
                return null;
            }

            values[arguments[i]] = arguments[i + 1];
        }

        return new NamedValues(values);
    }

    private static bool IsWhole(string value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
