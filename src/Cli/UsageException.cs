namespace MiniGpt.Cli;

/// <summary>The command line itself is wrong: an unknown option, a value out of range, options that do not go together.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>Runs a check of values that came from options: what it finds wrong is wrong usage.</summary>
    public static void Check(Action check)
    {
        try
        {
            check();
        }
        catch (ArgumentException error)
        {
            throw new UsageException(Advice.Of(error));
        }
    }
}
