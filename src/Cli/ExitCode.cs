namespace MiniGpt.Cli;

/// <summary>What the program ends with where it does not end well; README.md and the help name the same numbers.</summary>
internal static class ExitCode
{
    /// <summary>Something could not be done, or a check found a difference.</summary>
    public const int Failure = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int WrongUsage = 2;

    /// <summary>It was asked to stop, and did in good order: 128 and the number of SIGINT, as shells count, whichever signal it was.</summary>
    public const int Interrupted = 130;
}
