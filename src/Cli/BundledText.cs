namespace MiniGpt.Cli;

/// <summary>The text that comes with the program.</summary>
internal static class BundledText
{
    /// <summary>Shakespeare's plays, in part.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt");
}
