namespace MiniGpt.Cli.Help;

/// <summary>A command whose help ends with a worked example.</summary>
internal interface IHasExample
{
    /// <summary>The command line, and below it what it prints, where that is short.</summary>
    string Example { get; }
}
