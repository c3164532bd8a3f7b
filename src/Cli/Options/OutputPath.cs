using MiniGpt.Cli.Speech;
using MiniGpt.Model.Files;

namespace MiniGpt.Cli.Options;

/// <summary>Names of files and folders to write, checked before any work is done.</summary>
internal static class OutputPath
{
    /// <summary>Makes sure that a file can have this name, or replace the one that has it.</summary>
    /// <exception cref="UsageException">The name is empty, or that of a folder, a pipe, a device or a link to nothing.</exception>
    public static void CheckFile(string option, string path, string what)
    {
        CheckName(option, path, what);
        if (Directory.Exists(path))
            throw new UsageException(Messages.Of("path.is-folder", ("option", option), ("path", path), ("what", what)));
    }

    /// <summary>Makes sure that a folder can have this name, or has it.</summary>
    /// <exception cref="UsageException">The name is empty, or that of a file, a pipe, a device or a link to nothing.</exception>
    public static void CheckFolder(string option, string path)
    {
        CheckName(option, path, Messages.Of("path.a-folder"));
        if (File.Exists(path))
            throw new UsageException(Messages.Of("path.is-file", ("option", option), ("path", path)));
    }

    private static void CheckName(string option, string path, string what)
    {
        if (string.IsNullOrWhiteSpace(path))
            throw new UsageException(Messages.Of("path.unusable", ("option", option), ("path", path), ("what", what)));
        try
        {
            _ = AtomicFile.TargetOf(path);
        }
        catch (IOException error)
        {
            throw new UsageException(Messages.Of("path.refused", ("option", option), ("reason", LibraryMessages.Translated(error.Message))));
        }
    }
}
