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

/// <summary>The help of a verb, and below it its worked example; below that of the program, what it ends with.</summary>
internal sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = help.Invoke(parseResult);
        string? more = parseResult.CommandResult.Command switch
        {
            IHasExample verb => $"Example:\n  {verb.Example.ReplaceLineEndings("\n  ")}\n",
            RootCommand => $"Exit codes:\n  0, {ExitCode.Failure} for a failure, {ExitCode.WrongUsage} for wrong usage, "
                + $"{ExitCode.Interrupted} after Ctrl-C, SIGTERM or a closed terminal\n",
            _ => null,
        };
        if (more is not null)
            parseResult.InvocationConfiguration.Output.WriteLine(more);
        return exitCode;
    }
}
