using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace MiniGpt.Cli;

/// <summary>A command whose help ends with a worked example.</summary>
internal interface IHasExample
{
    /// <summary>The command line, and below it what it prints, where that is short.</summary>
    string Example { get; }
}

/// <summary>The help of a verb, and below it its worked example.</summary>
internal sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is IHasExample verb)
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {verb.Example.ReplaceLineEndings("\n  ")}\n");
        return exitCode;
    }
}
