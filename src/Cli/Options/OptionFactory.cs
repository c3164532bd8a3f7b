using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;
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

    /// <summary>The option whose value is a second text, to compare with.</summary>
    public const string PatchFromName = "--patch-from";

    /// <summary>The option whose value is the token that is asked about.</summary>
    public const string TokenName = "--token";

    /// <summary>The option whose value is the token that it is compared with.</summary>
    public const string AgainstName = "--against";

    /// <summary>An option whose value is a whole number in a range.</summary>
    public static Option<T> Whole<T>(string name, T least, T most, string helpName = "N")
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T> =>
        new(name) { HelpName = helpName, CustomParser = result => Whole(result, name, least, most) };

    /// <summary>An option whose value is a number.</summary>
    public static Option<double> Number(string name) =>
        new(name) { HelpName = "X", CustomParser = result => Number(result, name) };

    /// <summary>An option whose value is one of the names of a choice.</summary>
    public static Option<T> Choice<T>(string name)
        where T : struct, Enum =>
        Choice(name, OptionNames.All<T>(), Enum.GetValues<T>());

    /// <summary>An option whose value is one of these names, each of which stands for a value.</summary>
    public static Option<T> Choice<T>(string name, IReadOnlyList<string> names, T[] values)
        where T : struct
    {
        string all = string.Join('|', names);
        ChoiceOption<T> option = new(name, names, values)
        {
            HelpName = all,
            CustomParser = result => IndexOf(Text(result), names) is >= 0 and int place
                ? values[place]
                : Refuse<T>(result, name, "option.choice", ("names", all), ("suggestion", Suggestion.For(Text(result), names))),
        };
        option.CompletionSources.Clear(); // of an enum: its values as C# spells them
        option.CompletionSources.Add([.. names]);
        return option;
    }

    /// <summary>The same option, with what counts where it is left out: the help says it.</summary>
    public static Option<T> Defaulting<T>(this Option<T> option, T value)
    {
        option.DefaultValueFactory = _ => value;
        return option;
    }

    private static int IndexOf(string name, IReadOnlyList<string> names)
    {
        int place = names.Count - 1;
        while (place >= 0 && names[place] != name)
            place--;
        return place;
    }

    /// <summary>An option whose values are places in a model as people count, from 1: as many numbers as its name of help has, with points between them.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="helpName">LAYER, say, or LAYER.HEAD.</param>
    /// <param name="example">A value, for whoever wrote a wrong one.</param>
    /// <param name="most">How many values there can be.</param>
    public static Option<int[][]> Places(string name, string helpName, string example, int most) => new(name)
    {
        HelpName = helpName,
        Arity = new ArgumentArity(1, most),
        AllowMultipleArgumentsPerToken = false,
        CustomParser = result =>
        {
            int[][] places = [.. result.Tokens.Select(token => PlaceOf(token.Value))];
            int wrong = Array.FindIndex(places, place => place.Length != helpName.Split('.').Length);
            if (wrong >= 0)
                result.AddError(Messages.Of("option.places", ("option", name), ("found", result.Tokens[wrong].Value), ("form", helpName), ("example", example)));
            return places;
        },
    };

    /// <summary>An option whose value is text as it stands.</summary>
    public static Option<string?> Text(string name, string helpName) => new(name) { HelpName = helpName };

    /// <summary>Reads a whole number in a range.</summary>
    public static T Whole<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, IBinaryInteger<T>, IMinMaxValue<T>
    {
        if (T.TryParse(Text(result), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out T value)
            && value >= least && value <= most)
        {
            return value;
        }
        return most == T.MaxValue
            ? Refuse<T>(result, name, "option.whole-up", ("least", least))
            : Refuse<T>(result, name, "option.whole-range", ("least", least), ("most", most));
    }

    /// <summary>Whether an option was written on the command line.</summary>
    public static bool IsGiven(this ParseResult arguments, Option option) => arguments.GetResult(option) is { Implicit: false };

    /// <summary>Whole numbers from 1 up with points between them, counted from 0; none where there is anything else.</summary>
    private static int[] PlaceOf(string text)
    {
        string[] parts = text.Split('.');
        int[] numbers = [.. parts.Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number - 1 : -1)];
        return numbers.Contains(-1) ? [] : numbers;
    }

    private static double Number(ArgumentResult result, string name) =>
        double.TryParse(Text(result), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : Refuse<double>(result, name, "option.number");

    private static T Refuse<T>(ArgumentResult result, string name, string key, params ReadOnlySpan<(string, object)> expected)
        where T : struct
    {
        result.AddError(Messages.Of(key, [("option", name), ("found", Text(result)), .. expected]));
        return default;
    }

    private static string Text(ArgumentResult result) => result.Tokens is [Token token, ..] ? token.Value : "";
}
