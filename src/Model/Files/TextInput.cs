using System.Text;
using System.Text.Unicode;

namespace MiniGpt.Model.Files;

/// <summary>
/// The one way in for texts that somebody names: files, links to them, pipes, devices such as /dev/stdin, and standard input. What comes out is
/// UTF-8 without a byte-order mark; UTF-16 and UTF-32 are told by their marks.
/// </summary>
public static class TextInput
{
    private const int LongestMark = 4;
    private const int SampleBytes = 1 << 13;

    /// <summary>Opens a file or pipe. Waiting for whoever writes into a pipe ends where it is cancelled.</summary>
    /// <exception cref="FileFormatException">It is a pointer of Git LFS.</exception>
    /// <exception cref="IOException">It is a folder, is not there or cannot be read.</exception>
    public static Stream Open(string path, CancellationToken cancellationToken = default)
    {
        Stream bytes = OpenBytes(path, cancellationToken);
        try
        {
            return Of(path, bytes);
        }
        catch
        {
            bytes.Dispose();
            throw;
        }
    }

    /// <summary>The text of a stream that is open.</summary>
    /// <param name="name">What it is called, for messages.</param>
    /// <param name="bytes">The stream, closed with the one that is returned.</param>
    /// <exception cref="FileFormatException">It is a pointer of Git LFS.</exception>
    public static Stream Of(string name, Stream bytes) => Decoded(name, bytes, out _);

    /// <summary>Reads a whole text: a prompt, no corpus.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">How many bytes of UTF-8 it may have.</param>
    /// <param name="cancellationToken">Ends the waiting for a pipe.</param>
    /// <exception cref="FileFormatException">It is longer, or a pointer of Git LFS.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] ReadAll(string path, int most, CancellationToken cancellationToken = default)
    {
        using Stream text = Open(path, cancellationToken);
        using MemoryStream all = new();
        byte[] buffer = new byte[1 << 16];
        while (text.Read(buffer) is var read and > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            all.Write(buffer, 0, read);
            if (all.Length > most)
                throw new FileFormatException(path, $"more than {most} bytes found, at most so many expected");
        }
        return all.ToArray();
    }

    /// <summary>The bytes of a file or pipe as they are.</summary>
    internal static Stream OpenBytes(string path, CancellationToken cancellationToken)
    {
        if (SystemCalls.KindOf(path) != FileKind.Special)
            return RegularFile.Open(path);
        return new WaitingStream(WaitingStream.Await(() => File.OpenRead(path), cancellationToken), cancellationToken);
    }

    /// <summary>The text of a stream, and whether it was written in UTF-16 or UTF-32.</summary>
    internal static Stream Decoded(string name, Stream bytes, out bool isWide)
    {
        byte[] beginning = new byte[SampleBytes];
        int length = bytes.ReadAtLeast(beginning, LongestMark, throwOnEndOfStream: false);
        ReadOnlySpan<byte> found = beginning.AsSpan(0, length);
        RegularFile.RefusePointer(name, found);
        (Encoding? encoding, int mark) = FormOf(found);
        isWide = encoding is not null;
        Stream rest = new PrefixedStream(found[mark..].ToArray(), bytes);
        return encoding is null ? rest : Encoding.CreateTranscodingStream(rest, encoding, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
    }

    /// <summary>The encoding of a text by its first bytes, null of UTF-8 or what passes for it, and the length of the mark.</summary>
    internal static (Encoding? Wide, int Mark) FormOf(ReadOnlySpan<byte> beginning) => beginning switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (null, 3),
        [0xFF, 0xFE, 0, 0, ..] => (new UTF32Encoding(bigEndian: false, byteOrderMark: false), 4),
        [0, 0, 0xFE, 0xFF, ..] => (new UTF32Encoding(bigEndian: true, byteOrderMark: false), 4),
        [0xFF, 0xFE, ..] => (new UnicodeEncoding(bigEndian: false, byteOrderMark: false), 2),
        [0xFE, 0xFF, ..] => (new UnicodeEncoding(bigEndian: true, byteOrderMark: false), 2),
        _ => (null, 0),
    };

    /// <summary>
    /// Why the beginning of a file is that of no text; null where it can be. A zero byte alone makes no file binary, since logs have some; many do,
    /// and so does one among bytes that are no UTF-8.
    /// </summary>
    internal static string? WhyNoText(ReadOnlySpan<byte> beginning)
    {
        if (beginning.StartsWith("%PDF-"u8))
            return "a PDF found";
        ReadOnlySpan<byte> sample = beginning[..Math.Min(beginning.Length, SampleBytes)];
        int zeros = sample.Count((byte)0);
        if (zeros == 0)
            return null;
        if (zeros * 4 > sample.Length)
            return "bytes of which many are 0 found, as UTF-16 without its mark has them";
        // The last character can be cut off.
        for (int cut = 0; cut < LongestMark && cut < sample.Length; cut++)
        {
            if (Utf8.IsValid(sample[..^cut]))
                return null;
        }
        return "bytes that are no text found";
    }

    /// <summary>The first bytes of an ordinary file.</summary>
    internal static byte[] Beginning(string path)
    {
        using FileStream file = RegularFile.Open(path);
        byte[] sample = new byte[SampleBytes];
        return sample[..file.ReadAtLeast(sample, sample.Length, throwOnEndOfStream: false)];
    }

    /// <summary>Some bytes that were read already, and what follows them.</summary>
    private sealed class PrefixedStream(byte[] prefix, Stream rest) : ReadOnlyStream
    {
        private int _at;

        public override int Read(Span<byte> buffer)
        {
            if (_at == prefix.Length)
                return rest.Read(buffer);
            int length = Math.Min(buffer.Length, prefix.Length - _at);
            prefix.AsSpan(_at, length).CopyTo(buffer);
            _at += length;
            return length;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
