using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Formats;

/// <summary>
/// word2vec's two formats. Both begin with a line of two numbers, how many words there are and how wide a vector is; then comes a row for each
/// word: the word, a space, and the vector, as decimal numbers with spaces between them up to the end of the line, or as little-endian floats
/// of 32 bits.
/// </summary>
public static class WordVectorFile
{
    /// <summary>The name of the file in a folder that was given instead of one.</summary>
    public const string NameInFolder = "vectors.txt";

    private const string BinaryEnding = ".bin";

    /// <summary>The endings of files in these formats; any other name is that of a folder.</summary>
    public static IReadOnlyList<string> Endings { get; } = [".txt", ".vec", BinaryEnding];

    /// <summary>Whether a file of this name is in the binary format.</summary>
    public static bool IsBinary(string path) => HasEnding(path, BinaryEnding);

    /// <summary>The file that a name stands for: itself by its ending, else the one in the folder of this name.</summary>
    public static string FileOf(string path) =>
        Endings.Any(ending => HasEnding(path, ending)) && !Directory.Exists(path) ? path : Path.Combine(path, NameInFolder);

    /// <summary>Reads vectors, as a stream. The sizes that a file states are compared with its length before any memory is taken.</summary>
    /// <param name="path">A file of any name, or a folder with one.</param>
    /// <param name="memory">The bytes that the vectors may take.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="FileFormatException">The file is none, is cut off, or has a number that is not finite.</exception>
    /// <exception cref="InsufficientMemoryException">The vectors take more memory than they may.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static WordVectors Read(string path, long memory = long.MaxValue, CancellationToken cancellationToken = default)
    {
        string file = Directory.Exists(path) ? FileOf(path) : path;
        using FileStream stream = RegularFile.Open(file);
        return new WordVectorReader(file, stream, memory).Read(IsBinary(file), cancellationToken);
    }

    /// <summary>Writes vectors, whole or not at all, in the format of the name's ending.</summary>
    /// <exception cref="ArgumentException">A word has a space or a line end in it, after which nobody could find its vector.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, WordVectors vectors)
    {
        for (int id = 0; id < vectors.Count; id++)
            Require.That(!vectors.BytesOf(id).ContainsAny(" \n"u8), $"the word '{vectors.TextOf(id)}' has white space in it, which these files cannot hold");
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is string folder)
            Directory.CreateDirectory(folder);
        using AtomicFile file = AtomicFile.CreateNamed(path);
        Write(file.Stream, vectors, IsBinary(path));
        file.Commit();
    }

    private static void Write(Stream stream, WordVectors vectors, bool isBinary)
    {
        ArrayBufferWriter<byte> row = new();
        Append(row, vectors.Count);
        row.Write(" "u8);
        Append(row, vectors.Width);
        for (int id = 0; id < vectors.Count; id++)
        {
            row.Write("\n"u8);
            row.Write(vectors.BytesOf(id));
            ReadOnlySpan<float> vector = vectors.Table.Span.Slice(id * vectors.Width, vectors.Width);
            if (isBinary)
                AppendBinary(row, vector);
            else
                AppendText(row, vector);
            stream.Write(row.WrittenSpan);
            row.ResetWrittenCount();
        }
        stream.Write("\n"u8);
    }

    private static void AppendBinary(ArrayBufferWriter<byte> row, ReadOnlySpan<float> vector)
    {
        row.Write(" "u8);
        Span<byte> bytes = row.GetSpan(vector.Length * sizeof(float));
        for (int i = 0; i < vector.Length; i++)
            BinaryPrimitives.WriteSingleLittleEndian(bytes[(i * sizeof(float))..], vector[i]);
        row.Advance(vector.Length * sizeof(float));
    }

    /// <summary>The shortest decimals that come back as the same floats.</summary>
    private static void AppendText(ArrayBufferWriter<byte> row, ReadOnlySpan<float> vector)
    {
        foreach (float number in vector)
        {
            row.Write(" "u8);
            Append(row, number);
        }
    }

    private static void Append<TNumber>(ArrayBufferWriter<byte> row, TNumber number)
        where TNumber : IUtf8SpanFormattable
    {
        const int longest = 32;
        number.TryFormat(row.GetSpan(longest), out int written, default, CultureInfo.InvariantCulture);
        row.Advance(written);
    }

    private static bool HasEnding(string path, string ending) => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
