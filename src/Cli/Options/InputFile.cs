namespace MiniGpt.Cli.Options;

/// <summary>Files that the command line names.</summary>
internal static class InputFile
{
    /// <summary>Opens one.</summary>
    /// <exception cref="IOException">There is a folder of this name, no file, or one that cannot be read.</exception>
    public static FileStream Open(string path) => Directory.Exists(path)
        ? throw new IOException($"{path} is a folder, a file expected")
        : File.OpenRead(path);
}
