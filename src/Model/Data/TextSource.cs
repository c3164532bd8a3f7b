using MiniGpt.Model.Files;

namespace MiniGpt.Model.Data;

/// <summary>Finds training text: files, folders of them, and standard input.</summary>
public static class TextSource
{
    /// <summary>The name that stands for standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>
    /// The files of all sources, in order. A folder gives its .txt and .md files, those of its subfolders too, in ordinal order of their paths:
    /// each once, none that is hidden, and none without text in it; where there are none, the files of the ending that has the most text. "-" stays.
    /// </summary>
    /// <param name="sources">Paths of files and folders, and "-".</param>
    /// <param name="notes">Takes a line for each kind of file that was passed over.</param>
    /// <exception cref="ArgumentException">A file is named twice, or token files are among them.</exception>
    /// <exception cref="FileFormatException">A folder has no text.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> sources, ICollection<string> notes)
    {
        string[] files = [.. sources.SelectMany(source => Expand(source, notes))];
        HashSet<string> seen = [];
        foreach (string file in files)
        {
            Require.That(seen.Add(file == StandardInput ? file : RealPath.Of(file)), $"{file} is named twice");
            Require.That(!IsTokenFile(file), $"{file} is a file of tokens, text expected: tokens and text cannot be read together");
        }
        return files;
    }

    /// <summary>Whether a path names a file of tokens, to be opened by <see cref="TokenFile"/>.</summary>
    public static bool IsTokenFile(string path) => path.EndsWith(TokenFile.Extension, StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyList<string> Expand(string source, ICollection<string> notes)
    {
        Require.That(source.Length > 0, $"an empty path found, the name of a file or folder expected");
        if (source == StandardInput || File.Exists(source))
            return [source];
        return Directory.Exists(source) ? TextFolder.Find(source, notes) : throw Missing(source);
    }

    /// <summary>Why there is no such file or folder to see: it is not there, or a folder on the way to it may not be looked into.</summary>
    private static FileNotFoundException Missing(string source)
    {
        if (Disk.IsLink(source))
            return new FileNotFoundException($"{source} is a link to {RealPath.Of(source)}, which does not exist");
        try
        {
            _ = File.GetAttributes(source);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
        }
        return new FileNotFoundException($"{source}: no such file or folder");
    }
}
