using System.Text;
using System.Text.Json;
using MiniGpt.Model;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Speech;

/// <summary>
/// What the program says in the terminal, in the user's language: a table of messages for each, Speech/en.json and Speech/ja.json, with the same
/// keys and the same {placeholders}. What the help says of verbs and options is in tables of its own, in Speech/Help.
/// </summary>
internal static class Messages
{
    private static readonly Dictionary<string, IReadOnlyDictionary<string, string>> s_tables = [];

    /// <summary>The language that is spoken.</summary>
    public static Language Language { get; set; }

    /// <summary>A message with values in its placeholders.</summary>
    /// <param name="key">Its key in the tables.</param>
    /// <param name="values">The placeholders and what stands in their places.</param>
    public static string Of(string key, params ReadOnlySpan<(string Name, object Value)> values) =>
        Filled(Table(Language).TryGetValue(key, out string? text) ? text : throw new InvalidOperationException($"There is no message {key}."), values);

    /// <summary>Every message of a language by its key.</summary>
    public static IReadOnlyDictionary<string, string> Table(Language language) => Read(OptionNames.Of(language));

    /// <summary>What the help says in a language of each verb, option and argument.</summary>
    public static IReadOnlyDictionary<string, string> HelpTable(Language language) => Read($"Help.{OptionNames.Of(language)}");

    private static IReadOnlyDictionary<string, string> Read(string name)
    {
        lock (s_tables)
        {
            if (!s_tables.TryGetValue(name, out IReadOnlyDictionary<string, string>? table))
            {
                using Stream file = typeof(Messages).Assembly.GetManifestResourceStream($"MiniGpt.Cli.Speech.{name}.json")!;
                using JsonDocument json = JsonDocument.Parse(file);
                table = json.RootElement.EnumerateObject().ToDictionary(message => message.Name, message => message.Value.GetString()!);
                s_tables.Add(name, table);
            }
            return table;
        }
    }

    /// <summary>
    /// A text whose placeholders are replaced, once: what stands in a value is none. {count:step|steps} is the first word where the value is 1, else the second.
    /// </summary>
    internal static string Filled(string text, ReadOnlySpan<(string Name, object Value)> values)
    {
        StringBuilder filled = new(text.Length);
        int at = 0;
        while (text.IndexOf('{', at) is >= 0 and int open)
        {
            int close = text.IndexOf('}', open);
            filled.Append(text, at, open - at).Append(ValueOf(text[(open + 1)..close], values));
            at = close + 1;
        }
        return filled.Append(text, at, text.Length - at).ToString();
    }

    private static object ValueOf(string place, ReadOnlySpan<(string Name, object Value)> values)
    {
        if (place.Split(':') is [string number, string words] && words.Split('|') is [string one, string many])
            return $"{ValueOf(number, values)}" == "1" ? one : many;
        string name = place;
        foreach ((string given, object value) in values)
        {
            if (given == name)
                return value;
        }
        throw new InvalidOperationException($"There is no value for {{{name}}}.");
    }
}
