namespace MiniGpt.Model.Data;

/// <summary>Reads the next part of a text, of which it has a block, and returns how many bytes of it are done with.</summary>
/// <param name="block">What was not done with, and then more.</param>
/// <param name="isFinal">Whether the text ends with this block.</param>
internal delegate int BlockReader(ReadOnlySpan<byte> block, bool isFinal);

/// <summary>Texts of any length in blocks of a few megabytes.</summary>
internal static class TextBlocks
{
    private const int BlockBytes = 1 << 22;

    /// <summary>Gives a part of a file to a reader, block after block.</summary>
    /// <param name="path">The file.</param>
    /// <param name="start">The first byte.</param>
    /// <param name="end">The byte behind the last one.</param>
    /// <param name="read">Reads a block. Where it can do nothing with one, it gets a longer one.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="IOException">The file cannot be read, or is shorter than it was.</exception>
    public static void Read(string path, long start, long end, BlockReader read, CancellationToken cancellationToken = default)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, FileOptions.SequentialScan);
        file.Position = start;
        if (Read(file, end - start, read, cancellationToken) != end - start)
            throw new EndOfStreamException($"{path}: the file has become shorter while it was read");
    }

    /// <summary>Gives at most so many bytes of a stream to a reader, block after block, and returns how many there were.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static long Read(Stream stream, long most, BlockReader read, CancellationToken cancellationToken = default)
    {
        byte[] buffer = new byte[Math.Clamp(most, 1, BlockBytes)];
        int filled = 0;
        long total = 0;
        for (bool isEnd = false; !isEnd || filled > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int wanted = (int)Math.Min(buffer.Length - filled, most - total);
            int got = isEnd ? 0 : stream.ReadAtLeast(buffer.AsSpan(filled, wanted), wanted, throwOnEndOfStream: false);
            (filled, total) = (filled + got, total + got);
            isEnd |= got < wanted || total == most;
            if (filled == 0)
                break;
            int done = read(buffer.AsSpan(0, filled), isEnd);
            if (done == 0 && filled == Array.MaxLength)
                throw new IOException($"a text of more than {Array.MaxLength} bytes that the tokenizer cannot cut");
            if (done == 0 && filled == buffer.Length)
                Array.Resize(ref buffer, (int)Math.Min(Array.MaxLength, 2L * buffer.Length)); // one word longer than the block
            buffer.AsSpan(done, filled - done).CopyTo(buffer);
            filled -= done;
        }
        return total;
    }
}
