using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.RegularExpressions;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Help;

/// <summary>
/// What the help says about verbs, options and arguments: Speech/Help/en.json and ja.json have a text for each, under the words by which it is called,
/// such as "train" and "train --steps". An option that several verbs share can have one text for all, "--model", or for the verbs of a verb,
/// "tokenize --tokenizer".
/// </summary>
internal static partial class HelpTexts
{
    /// <summary>The place in a text of the names that an argument can have.</summary>
    private const string Names = "{names}";

    /// <summary>What a command does, in the user's language.</summary>
    public static string Of(Command command) => Text(KeyOf(command));

    /// <summary>What an option or an argument of a command is.</summary>
    public static string Of(Command command, Symbol part) => Text(KeyOf(command, part)).Replace(Names, NamesOf(part), StringComparison.Ordinal);

    /// <summary>A worked example: a command line, or several, with the program as it was started; null where there is none.</summary>
    public static string? ExampleOf(Command command) => Messages.HelpTable(Messages.Language).TryGetValue($"{KeyOf(command)} example", out string? example)
        ? Program().Replace(example, _ => ProgramName.Current)
        : null;

    /// <summary>The words that a command is called by; none for the program itself.</summary>
    public static string WordsOf(Command command) => string.Join(' ',
        command.Parents.OfType<Command>().Reverse().Append(command).Where(part => part is not RootCommand).Select(part => part.Name));

    /// <summary>The key of what a command does.</summary>
    internal static string KeyOf(Command command) => command is RootCommand ? "minigpt" : WordsOf(command);

    /// <summary>The key of the text of an option or argument: its own verb's before one that several share.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    internal static string KeyOf(Command command, Symbol part)
    {
        for (Command? verb = command; verb is not null; verb = verb.Parents.OfType<Command>().FirstOrDefault())
        {
            string key = $"{WordsOf(verb)} {part.Name}".TrimStart();
            if (Messages.HelpTable(Messages.Language).ContainsKey(key))
                return key;
        }
        throw new InvalidOperationException($"There is no help for {WordsOf(command)} {part.Name}.");
    }

    // Where a command begins: on its line, behind a pipe, in brackets of the shell.
    [GeneratedRegex(@"(?<=^|[\n|&;(<] ?|mpirun .*)minigpt(?= )")]
    private static partial Regex Program();

    private static string Text(string key) => Messages.HelpTable(Messages.Language).TryGetValue(key, out string? text)
        ? text
        : throw new InvalidOperationException($"There is no help for {key}.");

    private static string NamesOf(Symbol part) => part is Argument argument
        ? string.Join(", ", argument.CompletionSources.SelectMany(source => source(CompletionContext.Empty)).Select(name => name.Label))
        : "";
}
