using System.CommandLine;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt help: what --help behind a verb prints, too.</summary>
internal sealed class HelpVerb : Command, IHasExample
{
    private readonly Argument<string[]> _names = new("VERB") { Description = "The verb. Left out, all verbs are listed.", Arity = ArgumentArity.ZeroOrMore };

    public HelpVerb()
        : base("help", "verb.help")
    {
        Arguments.Add(_names);
        SetAction(Show);
    }

    public string Example => "minigpt help train";

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
