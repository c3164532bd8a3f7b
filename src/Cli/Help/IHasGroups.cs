using System.CommandLine;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Help;

/// <summary>A command whose options or verbs are so many that its help has them in groups, the everyday ones first.</summary>
internal interface IHasGroups
{
    /// <summary>The headings, as keys of messages, and the names of the options or verbs below each. Those that are in none come last.</summary>
    IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> Groups { get; }
}

/// <summary>Puts the options or verbs of a command into the groups of its help.</summary>
internal static class Groups
{
    /// <summary>Symbols under the headings of a command, those that are in none under the last one.</summary>
    public static IEnumerable<(string Heading, IReadOnlyList<T> Symbols)> Of<T>(Command command, IReadOnlyList<T> symbols, string others)
        where T : Symbol
    {
        IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> groups = command is IHasGroups grouped ? grouped.Groups : [];
        foreach ((string heading, IReadOnlyList<string> names) in groups)
        {
            T[] found = [.. names.Select(name => symbols.FirstOrDefault(symbol => symbol.Name == name)).OfType<T>()];
            if (found.Length > 0)
                yield return (Messages.Of(heading), found);
        }
        T[] rest = [.. symbols.Where(symbol => !groups.Any(group => group.Names.Contains(symbol.Name)))];
        if (rest.Length > 0)
            yield return (Messages.Of(others), rest);
    }
}
