using System.Text.RegularExpressions;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Speech;

/// <summary>
/// What the libraries say, in the user's language. They speak English and know no other language: a message that is one of the tables' "library."
/// messages, with anything in its placeholders, is said in the words of the user's language. Others stay in English.
/// </summary>
internal static class LibraryMessages
{
    /// <summary>What the keys of these messages begin with.</summary>
    public const string Prefix = "library.";

    private const string PrefixOfNames = $"{Prefix}name."; // of what stands in placeholders

    // Placeholders of words that the tables may have; all others, paths among them, stand as they are.
    private static readonly string[] s_words = ["found", "name", "wanted", "endings"];

    private static readonly Lazy<(string Key, Regex Pattern)[]> s_patterns = new(() =>
    [
        .. Messages.Table(Language.English).Where(message => message.Key.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(message => (message.Key, PatternOf(message.Value))),
    ]);

    /// <summary>A message of a library in the user's language, or as it is where the tables do not have it.</summary>
    public static string Translated(string message) => Messages.Language == Language.English ? message : Translated(message, isName: false);

    private static string Translated(string message, bool isName)
    {
        foreach ((string key, Regex pattern) in s_patterns.Value)
        {
            if (key.StartsWith(PrefixOfNames, StringComparison.Ordinal) == isName && pattern.Match(message) is { Success: true } match)
                return Messages.Of(key, [.. match.Groups.Values.Skip(1).Select(group => (group.Name, (object)ValueOf(group)))]);
        }
        return message;
    }

    // Several reasons follow each other in brackets.
    private static string ValueOf(Group group) => group.Name == "why"
        ? string.Join("）（", group.Value.Split(") (").Select(why => Translated(why, isName: true)))
        : s_words.Contains(group.Name) ? Translated(group.Value, isName: true) : group.Value;

    /// <summary>Matches what a text says, whatever stands in its placeholders.</summary>
    private static Regex PatternOf(string text) =>
        new($"^{Regex.Replace(Regex.Escape(text), @"\\\{(\w+)}", "(?<$1>.*?)")}$", RegexOptions.Singleline | RegexOptions.CultureInvariant);
}
