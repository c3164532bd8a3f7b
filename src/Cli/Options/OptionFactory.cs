using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using MiniGpt.Model;

namespace MiniGpt.Cli.Options;

/// <summary>Makes options and reads their values, with errors that say what was found and what was expected.</summary>
internal static class OptionFactory
{
    /// <summary>An option whose text may look like an option.</summary>
    public const string PromptName = "--prompt";

    /// <summary>Another one.</summary>
    public const string TextName = "--text";

    /// <summary>The option whose values end a sample, whatever they are.</summary>
    public const string StopName = "--stop";

    /// <summary>The option whose values become tokens of their own, whatever they are.</summary>
    public const string SpecialName = "--special";

    /// <summary>An option whose value is a whole number in a range.</summary>
    public static Option<T> Whole<T>(string name, string description, T least, T most, string helpName = "N")
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> =>
        new(name) { Description = description, HelpName = helpName, CustomParser = result => Whole(result, name, least, most) };

    /// <summary>An option whose value is a number.</summary>
    public static Option<double> Number(string name, string description) =>
        new(name) { Description = description, HelpName = "X", CustomParser = result => Number(result, name) };

    /// <summary>An option whose value is one of the names of a choice.</summary>
    public static Option<T> Choice<T>(string name, string description)
        where T : struct, Enum =>
        Choice(name, description, [.. OptionNames.All<T>().Zip(Enum.GetValues<T>())]);

    /// <summary>An option whose value is one of these names.</summary>
    public static Option<T> Choice<T>(string name, string description, IReadOnlyList<(string Name, T Value)> values)
        where T : struct
    {
        string names = string.Join('|', values.Select(pair => pair.Name));
        return new Option<T>(name)
        {
            Description = description,
            HelpName = names,
            CustomParser = result => values.FirstOrDefault(pair => pair.Name == Text(result)) is { Name: not null } found
                ? found.Value
                : Refuse<T>(result, name, $"one of {names}"),
        };
    }

    /// <summary>An option whose value is text as it stands.</summary>
    public static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { Description = description, HelpName = helpName };

    /// <summary>Reads a whole number in a range.</summary>
    public static T Whole<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (T.TryParse(Text(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T value)
            && value >= least && value <= most)
        {
            return value;
        }
        string range = most == T.MaxValue ? $"from {least} up" : $"from {least} to {most}";
        return Refuse<T>(result, name, $"a whole number {range}");
    }

    /// <summary>Whether an option was written on the command line.</summary>
    public static bool IsGiven(this ParseResult arguments, Option option) => arguments.GetResult(option) is { Implicit: false };

    private static double Number(ArgumentResult result, string name) =>
        double.TryParse(Text(result), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : Refuse<double>(result, name, "a number");

    private static T Refuse<T>(ArgumentResult result, string name, string expected)
        where T : struct
    {
        result.AddError($"{name}: '{Text(result)}' found, {expected} expected");
        return default;
    }

    private static string Text(ArgumentResult result) => result.Tokens is [Token token, ..] ? token.Value : "";
}
