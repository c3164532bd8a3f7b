using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Formats;

/// <summary>Reads a file of word vectors from its beginning to its end.</summary>
/// <param name="path">What it is called.</param>
/// <param name="file">The file.</param>
/// <param name="memory">The bytes that the vectors may take.</param>
internal sealed class WordVectorReader(string path, FileStream file, long memory)
{
    private const int LongestHeader = 64;
    private const int LongestWord = 1 << 16;
    private const int WidestVector = 1 << 16;
    private const int BytesOfWord = 48; // an array of some letters, and its place in a table

    private byte[][] _words = [];
    private Tensor<float> _table;
    private int _count, _width, _row;

    public WordVectors Read(bool isBinary, CancellationToken cancellationToken)
    {
        ReadHeader();
        // The shortest row: a space and the floats; or a space and a digit for each number, and a line end but for the last.
        long least = isBinary ? (1 + sizeof(float) * (long)_width) * _count : (1 + 2 * (long)_width) * _count - 1;
        if (file.Length - file.Position < least)
        {
            throw Wrong($"{_count} vectors of {_width} numbers are said to be in {file.Length} bytes, at least {file.Position + least} expected: "
                + "the file is cut off, or of another format");
        }
        long bytes = (long)_count * (_width * sizeof(float) + BytesOfWord);
        if ((long)_count * _width > int.MaxValue || bytes > memory)
            throw new InsufficientMemoryException($"{path}: {_count} vectors of {_width} numbers take {bytes / 1e6:F0} MB, there are {memory / 1e6:F0} MB");

        (_words, _table) = (new byte[_count][], new Tensor<float>([_count, _width]));
        TextBlocks.Read(file, file.Length - file.Position, (block, isFinal) =>
        {
            int at = 0;
            while (_row < _count && (isBinary ? ReadBinaryRow(block[at..], isFinal) : ReadTextRow(block[at..], isFinal)) is var length and > 0)
                at += length;
            if (_row < _count && isFinal)
                throw Wrong($"the end of the file found in row {_row + 1}, {_count} rows expected");
            if (_row < _count)
                return at;
            if (block[at..].ContainsAnyExcept((byte)'\n', (byte)'\r', (byte)' '))
                throw Wrong($"more found after the last of {_count} rows, the end of the file expected");
            return block.Length;
        }, cancellationToken);
        return new WordVectors(_words, _table);
    }

    private void ReadHeader()
    {
        Span<byte> header = stackalloc byte[LongestHeader];
        int length = 0;
        for (int next; length < LongestHeader && (next = file.ReadByte()) >= 0 && next != '\n';)
            header[length++] = (byte)next;
        RegularFile.RefusePointer(path, header[..length]);
        string line = Encoding.UTF8.GetString(header[..length]);
        string[] numbers = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (numbers.Length != 2 || !TryParse(numbers[0], int.MaxValue, out _count) || !TryParse(numbers[1], WidestVector, out _width))
        {
            throw Wrong(header.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B])
                ? "a file that gzip packed found, which has to be unpacked first"
                : $"'{Excerpt.Of(line, 32)}' found in the first line, two numbers expected: how many words, and how many numbers in a vector "
                    + $"(at most {WidestVector})");
        }

        static bool TryParse(string text, int most, out int number) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0 && number <= most;
    }

    /// <summary>The bytes of the next row; 0 where it is not there as a whole.</summary>
    private int ReadBinaryRow(ReadOnlySpan<byte> block, bool isFinal)
    {
        // Some programs end a row with a line end, others do not.
        int start = block.StartsWith((byte)'\n') ? 1 : 0;
        int space = block[start..].IndexOf((byte)' ');
        if (space > LongestWord || (space < 0 && (block.Length > LongestWord || isFinal)))
            throw Wrong($"no space after the word of row {_row + 1} found, as the binary format has it");
        int numbers = start + space + 1, end = numbers + _width * sizeof(float);
        if (space < 0 || end > block.Length)
            return 0;
        BeginRow(block.Slice(start, space));
        Span<float> vector = _table.Span.Slice(_row * _width, _width);
        for (int i = 0; i < vector.Length; i++)
        {
            vector[i] = BinaryPrimitives.ReadSingleLittleEndian(block[(numbers + i * sizeof(float))..]);
            if (!float.IsFinite(vector[i]))
                throw WrongNumber(FormattableString.Invariant($"{vector[i]}"));
        }
        _row++;
        return end;
    }

    private int ReadTextRow(ReadOnlySpan<byte> block, bool isFinal)
    {
        const int longestNumber = 64;
        int end = block.IndexOf((byte)'\n');
        if (end < 0 && !isFinal && block.Length <= LongestWord + _width * longestNumber)
            return 0;
        if (block.IsEmpty || (end < 0 && !isFinal))
            return block.IsEmpty ? 0 : throw Wrong($"row {_row + 1} has no end, a line for each word expected");
        ReadOnlySpan<byte> line = block[..(end < 0 ? block.Length : end)].TrimEnd(" \r"u8);
        Span<float> vector = _table.Span.Slice(_row * _width, _width);
        // From the end: a word may have any bytes in it.
        for (int i = _width - 1; i >= 0; i--)
        {
            int space = line.LastIndexOf((byte)' ');
            if (space < 0)
                throw Wrong($"{_width - 1 - i} numbers found in row {_row + 1}, {_width} after a word expected");
            ReadOnlySpan<byte> number = line[(space + 1)..];
            if (!float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out vector[i]) || !float.IsFinite(vector[i]))
            {
                BeginRow(line[..line.IndexOf((byte)' ')]);
                throw WrongNumber(Excerpt.Of(Encoding.UTF8.GetString(number), 32));
            }
            line = line[..space];
        }
        BeginRow(line);
        _row++;
        return end < 0 ? block.Length : end + 1;
    }

    private void BeginRow(ReadOnlySpan<byte> word) => _words[_row] = word.ToArray();

    private FileFormatException WrongNumber(string found) =>
        Wrong($"'{found}' found in row {_row + 1}, of the word '{Excerpt.Of(Encoding.UTF8.GetString(_words[_row]), 32)}', a finite number expected");

    private FileFormatException Wrong(string problem) => new(path, problem);
}
