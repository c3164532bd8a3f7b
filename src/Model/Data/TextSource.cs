using System.Buffers;
using System.Text;
using System.Text.Unicode;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Data;

/// <summary>Text that was read from files.</summary>
/// <param name="Text">All of it, file after file.</param>
/// <param name="InvalidSequences">How many byte sequences were no UTF-8. Each became U+FFFD.</param>
/// <param name="Files">The files, in the order in which they were read; standard input is "-".</param>
public sealed record LoadedText(string Text, long InvalidSequences, IReadOnlyList<string> Files);

/// <summary>Reads training text: files of UTF-8, folders of them, and standard input.</summary>
public static class TextSource
{
    /// <summary>The name that stands for standard input.</summary>
    public const string StandardInput = "-";

    private const int LongestText = 1_000_000_000; // characters; a string cannot be much longer

    private static readonly string[] s_folderExtensions = [".txt", ".md"];

    /// <summary>
    /// Reads all of the sources, one after the other. A folder gives its .txt and .md files, those of its subfolders too,
    /// in ordinal order of their paths. A byte-order mark is dropped.
    /// </summary>
    /// <param name="sources">Paths of files and folders, and "-".</param>
    /// <param name="standardInput">What "-" reads.</param>
    /// <exception cref="ArgumentException">A file is named twice, or token files are among them.</exception>
    /// <exception cref="FileFormatException">A file is empty, a folder has no text, or the text is too long for memory.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static LoadedText Read(IEnumerable<string> sources, Stream? standardInput = null)
    {
        string[] files = [.. sources.SelectMany(Expand)];
        HashSet<string> seen = [];
        foreach (string file in files)
        {
            Require.That(seen.Add(file == StandardInput ? file : Path.GetFullPath(file)), $"{file} is named twice");
            Require.That(!IsTokenFile(file), $"{file} is a file of tokens, text expected: tokens and text cannot be read together");
        }

        StringBuilder text = new();
        long invalid = 0;
        foreach (string file in files)
            invalid += Append(text, file, ReadBytes(file, standardInput));
        return new LoadedText(text.ToString(), invalid, files);
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

    private static byte[] ReadBytes(string file, Stream? standardInput)
    {
        if (file == StandardInput)
        {
            using MemoryStream content = new();
            (standardInput ?? throw new ArgumentException("there is no standard input to read")).CopyTo(content);
            return content.ToArray();
        }
        if (new FileInfo(file).Length is var length and > LongestText)
            throw new FileFormatException(file, $"{length} bytes of text found, at most {LongestText} expected; token files may be longer");
        return File.ReadAllBytes(file);
    }

    private static long Append(StringBuilder text, string file, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("\uFEFF"u8))
            bytes = bytes[3..];
        if (bytes.IsEmpty)
            throw new FileFormatException(file, "the file is empty, text expected");
        if (text.Length > LongestText - bytes.Length)
            throw new FileFormatException(file, $"with this file there are more than {LongestText} bytes of text; token files may be longer");

        long invalid = 0;
        char[] characters = new char[Math.Min(bytes.Length, 1 << 16)];
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Utf8.ToUtf16(bytes, characters, out int read, out int written, replaceInvalidSequences: false);
            text.Append(characters, 0, written);
            bytes = bytes[read..];
            if (status is OperationStatus.InvalidData or OperationStatus.NeedMoreData)
            {
                Rune.DecodeFromUtf8(bytes, out Rune replacement, out int length);
                text.Append(replacement);
                bytes = bytes[length..];
                invalid++;
            }
        }
        return invalid;
    }
}
