using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Data;

/// <summary>Finds training text: files, folders of them, and standard input.</summary>
public static class TextSource
{
    /// <summary>The name that stands for standard input.</summary>
    public const string StandardInput = "-";

    private static readonly string[] s_folderExtensions = [".txt", ".md"];

    /// <summary>
    /// The files of all sources, in order. A folder gives its .txt and .md files, those of its subfolders too, in ordinal order of their
    /// paths; "-" stays.
    /// </summary>
    /// <param name="sources">Paths of files and folders, and "-".</param>
    /// <exception cref="ArgumentException">A file is named twice, or token files are among them.</exception>
    /// <exception cref="FileFormatException">A folder has no text.</exception>
    /// <exception cref="IOException">There is no such file or folder.</exception>
    public static IReadOnlyList<string> Find(IEnumerable<string> sources)
    {
        string[] files = [.. sources.SelectMany(Expand)];
        HashSet<string> seen = [];
        foreach (string file in files)
        {
            Require.That(seen.Add(file == StandardInput ? file : Path.GetFullPath(file)), $"{file} is named twice");
            Require.That(!IsTokenFile(file), $"{file} is a file of tokens, text expected: tokens and text cannot be read together");
        }
        return files;
    }

    /// <summary>Whether a path names a file of tokens, to be opened by <see cref="TokenFile"/>.</summary>
    public static bool IsTokenFile(string path) => path.EndsWith(TokenFile.Extension, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Expand(string source)
    {
        if (source == StandardInput || File.Exists(source))
            return [source];
        if (!Directory.Exists(source))
            throw Missing(source);
        string[] files = [.. Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories)
            .Where(file => s_folderExtensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? files
            : throw new FileFormatException(source, $"no text found, files ending in {string.Join(" or ", s_folderExtensions)} expected");
    }

    /// <summary>Why there is no such file or folder to see: it is not there, or a folder on the way to it may not be looked into.</summary>
    private static FileNotFoundException Missing(string source)
    {
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
