using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using MiniGpt.Cli.Verbs;

namespace MiniGpt.Cli;

/// <summary>The help of a verb, and below it its worked example.</summary>
internal sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is Verb verb)
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {verb.Example.ReplaceLineEndings("\n  ")}\n");
        return exitCode;
    }
}
