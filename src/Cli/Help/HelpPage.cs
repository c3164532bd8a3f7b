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
    private const string Default = "[default: ";
    private const string KeptTogether = "[default:\u00A0"; // with what the default is, by a space at which no line ends

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
        output.WriteLine($"{Prose.Wrapped(Described(command), "", width)}\n");
        output.WriteLine($"{Messages.Of("help.usage")}:\n{Indent}{Usage(command)}\n");
        Section(Messages.Of("help.arguments"), command.Arguments.Where(argument => !argument.Hidden).Select(argument => (NameOf(argument), Described(argument))));
        foreach ((string heading, IReadOnlyList<Command> verbs) in Groups.Of(command, [.. command.Subcommands.Where(verb => !verb.Hidden)], "help.commands"))
            Section(heading, verbs.Select(verb => (verb.Name, Described(verb))));
        foreach ((string heading, IReadOnlyList<Option> options) in Groups.Of(command, OptionsOf(command), "help.options"))
            Section(heading, options.Select(option => (NamesOf(option), DescriptionOf(option))));
        string? ending = command switch
        {
            IHasExample verb => $"{Messages.Of("help.example")}:\n{Indent}{verb.Example.ReplaceLineEndings($"\n{Indent}")}\n",
            RootCommand => $"{Messages.Of("help.exit-codes")}:\n{Indent}{ExitCodes}\n",
            _ => null,
        };
        if (ending is not null)
            output.WriteLine(ending);

        void Section(string heading, IEnumerable<(string Names, string Description)> rows)
        {
            (string Names, string Description)[] all = [.. rows];
            if (all.Length == 0)
                return;
            int column = all.Max(row => row.Names.Length <= WidestNames ? row.Names.Length : 0) + 2 * Indent.Length;
            string indent = new(' ', column);
            output.WriteLine($"{heading}:");
            foreach ((string names, string description) in all)
            {
                string text = Prose.Wrapped(description.Replace(Default, KeptTogether, StringComparison.Ordinal), indent, width).Replace(KeptTogether, Default, StringComparison.Ordinal);
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
        string names = string.Join(' ', command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Reverse().Append(command)
            .Where(part => part is not RootCommand).Select(part => part.Name).Prepend("minigpt"));
        string verb = command.Subcommands.Any(sub => !sub.Hidden) ? " VERB" : "";
        string arguments = string.Concat(command.Arguments.Where(argument => !argument.Hidden).Select(argument => $" {NameOf(argument)}"));
        return $"{names}{verb}{arguments} [options]";
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

    /// <summary>What a verb or option does: in the user's language where its description is the key of a message, else as it is.</summary>
    private static string Described(Symbol symbol) => Messages.Find(symbol.Description ?? "") ?? symbol.Description ?? "";

    private static string ExitCodes => Messages.Of(
        "help.exit-codes.are", ("failure", ExitCode.Failure), ("wrong", ExitCode.WrongUsage), ("interrupted", ExitCode.Interrupted));

    private static string DescriptionOf(Option option)
    {
        string description = Described(option);
        string required = option.Required ? " [required]" : "";
        return option.HasDefaultValue && option.ValueType != typeof(bool) && !description.Contains(Default, StringComparison.Ordinal)
            ? FormattableString.Invariant($"{description} [default: {option.GetDefaultValue()}]{required}")
            : $"{description}{required}";
    }
}
