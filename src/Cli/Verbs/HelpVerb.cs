using System.CommandLine;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt help: what --help after a verb prints, too.</summary>
internal sealed class HelpVerb : Command
{
    private readonly Argument<string[]> _names = new("VERB") { Arity = ArgumentArity.ZeroOrMore };

    public HelpVerb()
        : base("help")
    {
        Arguments.Add(_names);
        SetAction(Show);
    }

    private int Show(ParseResult arguments)
    {
        Command command = arguments.RootCommandResult.Command;
        foreach (string name in arguments.GetValue(_names) ?? [])
        {
            command = command.Subcommands.FirstOrDefault(verb => verb.Name == name)
                ?? throw new UsageException(Messages.Of("error.no-verb-to-help", ("name", name), ("suggestion", Suggestion.For(name, command.Subcommands.Select(verb => verb.Name)))));
        }
        HelpPage.Write(Console.Out, command, HelpPage.Width);
        return 0;
    }
}
