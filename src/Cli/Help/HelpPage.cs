using System.CommandLine;
using System.CommandLine.Invocation;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Help;

/// <summary>The help of the program or of a verb, in two columns that fit into the terminal: options in groups, and at the end a worked example.</summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private const int WidestNames = 28; // of the left column; what is longer stands on a line of its own
    private const int WidestPage = 100;
    private const string Indent = "  ";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        Write(parseResult.InvocationConfiguration.Output, parseResult.CommandResult.Command, Width);
        return 0;
    }

    /// <summary>The columns of a page: those of the terminal, but no more than can be read with ease.</summary>
    public static int Width => Math.Min(WidestPage, Output.Console.Profile.Width);

    /// <summary>Writes the help of a command.</summary>
    public static void Write(TextWriter output, Command command, int width)
    {
        output.WriteLine($"{Prose.Wrapped(HelpTexts.Of(command), "", width)}\n");
        output.WriteLine($"{Messages.Of("help.usage")}:\n{Indent}{Usage(command)}\n");
        Section(Messages.Of("help.arguments"), command.Arguments.Where(argument => !argument.Hidden).Select(argument => (NameOf(argument), HelpTexts.Of(command, argument))));
        foreach ((string heading, IReadOnlyList<Command> verbs) in Groups.Of(command, [.. command.Subcommands.Where(verb => !verb.Hidden)], "help.commands"))
            Section(heading, verbs.Select(verb => (verb.Name, HelpTexts.Of(verb))));
        foreach ((string heading, IReadOnlyList<Option> options) in Groups.Of(command, OptionsOf(command), "help.options"))
            Section(heading, options.Select(option => (NamesOf(option), DescriptionOf(command, option))));
        if (command is RootCommand)
            output.WriteLine($"{Messages.Of("help.exit-codes")}:\n{Prose.Wrapped(ExitCodes, Indent, width)}\n");
        else if (HelpTexts.ExampleOf(command) is string example)
            output.WriteLine($"{Messages.Of("help.example")}:\n{Indent}{example.Replace("\n", $"\n{Indent}", StringComparison.Ordinal)}\n");

        void Section(string heading, IEnumerable<(string Names, string Description)> rows)
        {
            (string Names, string Description)[] all = [.. rows];
            if (all.Length == 0)
                return;
            int column = all.Max(row => row.Names.Length <= WidestNames ? row.Names.Length : 0) + 2 * Indent.Length;
            string indent = new(' ', column), beforeDefault = Messages.Of("help.default", ("value", "")).TrimEnd(']');
            output.WriteLine($"{heading}:");
            foreach ((string names, string description) in all)
            {
                string text = Prose.Wrapped(description.Replace(beforeDefault, Prose.Together(beforeDefault), StringComparison.Ordinal), indent, width);
                bool isOnOneLine = names.Length <= WidestNames;
                output.WriteLine(isOnOneLine
                    ? $"{Indent}{names}".PadRight(column) + text.TrimStart()
                    : $"{string.Join('\n', Names(names, width))}\n{text}");
            }
            output.WriteLine();
        }
    }

    /// <summary>A name with so many choices that it takes lines of its own, broken between the choices.</summary>
    private static IEnumerable<string> Names(string names, int width)
    {
        string line = Indent;
        foreach (string choice in names.Split('|'))
        {
            string piece = line.Trim().Length > 0 && line != Indent ? $"|{choice}" : choice;
            if (line.Length + piece.Length > width && line.Length > Indent.Length)
            {
                yield return line;
                line = $"{Indent}{Indent}";
            }
            line += piece;
        }
        yield return line;
    }

    private static string Usage(Command command)
    {
        string verb = command.Subcommands.Any(sub => !sub.Hidden) ? " VERB" : "";
        string arguments = string.Concat(command.Arguments.Where(argument => !argument.Hidden).Select(argument => $" {NameOf(argument)}"));
        return $"{$"minigpt {HelpTexts.WordsOf(command)}".TrimEnd()}{verb}{arguments} [options]";
    }

    /// <summary>The options of a command and those of the program that every verb takes: they come after what is its own.</summary>
    internal static Option[] OptionsOf(Command command) =>
    [
        .. command.Options.Union(RootOf(command).Options.Where(IsForAll)).Where(option => !option.Hidden)
            .OrderBy(option => option is ThreadsOption ? 1 : IsForAll(option) ? 2 : 0),
    ];

    private static Command RootOf(Command command) => command.Parents.OfType<Command>().FirstOrDefault() is Command parent ? RootOf(parent) : command;

    private static bool IsForAll(Option option) => option.Name == LanguageOption.OptionName;

    private static string NameOf(Argument argument)
    {
        string name = argument.Arity.MaximumNumberOfValues > 1 ? $"{argument.Name}..." : argument.Name;
        return argument.Arity.MinimumNumberOfValues == 0 ? $"[{name}]" : name;
    }

    private static string NamesOf(Option option)
    {
        string names = string.Join(", ", option.Aliases.Append(option.Name).Where(name => !name.StartsWith('/') && !name.Contains('?')).OrderBy(name => name.Length));
        return option.HelpName is string value ? $"{names} {value}" : names;
    }

    private static string ExitCodes => Messages.Of(
        "help.exit-codes.are", ("failure", ExitCode.Failure), ("wrong", ExitCode.WrongUsage), ("interrupted", ExitCode.Interrupted));

    /// <summary>What an option is, its default, and that it is required.</summary>
    private static string DescriptionOf(Command command, Option option)
    {
        string description = HelpTexts.Of(command, option);
        if (option.HasDefaultValue && option.ValueType != typeof(bool))
        {
            object? value = option is IHasNamedDefault choice ? choice.DefaultName : option.GetDefaultValue();
            description += $" {Messages.Of("help.default", ("value", FormattableString.Invariant($"{value}")))}";
        }
        return option.Required ? $"{description} {Messages.Of("help.required")}" : description;
    }
}
