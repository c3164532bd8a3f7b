using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Formats.Gguf;

/// <summary>Reads the head of a GGUF file from front to back. Whatever would reach beyond the file is an error that says where.</summary>
internal sealed class GgufCursor(string path, MappedFile file, long position = 0)
{
    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Where the next byte is read.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The bytes that are left.</summary>
    public long Left => file.Length - Position;

    /// <summary>A number as it lies there.</summary>
    public T Number<T>(string what) where T : unmanaged => MemoryMarshal.Read<T>(Take(Unsafe.SizeOf<T>(), what));

    /// <summary>A count of things that have at least some bytes each: one that the file cannot hold is refused.</summary>
    public long Count(int leastBytes, string what)
    {
        ulong count = Number<ulong>($"the number of {what}");
        return count <= (ulong)(Left / leastBytes)
            ? (long)count
            : throw Wrong($"{count} {what} announced at byte {Position - sizeof(ulong)}, {Left} bytes are left");
    }

    /// <summary>A string: its length, then its bytes in UTF-8.</summary>
    public string Text(string what)
    {
        int length = Length(what);
        try
        {
            return s_strict.GetString(Take(length, what));
        }
        catch (DecoderFallbackException error)
        {
            throw new FileFormatException(path, $"{what} before byte {Position} is no UTF-8", error);
        }
    }

    /// <summary>Passes over a string.</summary>
    public void SkipText(string what)
    {
        int length = Length(what); // moves the position itself
        Position += length;
    }

    /// <summary>Passes over bytes that are there.</summary>
    public void Skip(long bytes, string what)
    {
        if (bytes > Left)
            throw Wrong($"{what} of {bytes} bytes at byte {Position}, {Left} bytes are left");
        Position += bytes;
    }

    public FileFormatException Wrong(string problem) => new(path, problem);

    private int Length(string what)
    {
        ulong length = Number<ulong>($"the length of {what}");
        return length <= (ulong)Math.Min(Left, int.MaxValue)
            ? (int)length
            : throw Wrong($"{what} of {length} bytes announced at byte {Position - sizeof(ulong)}, {Left} bytes are left");
    }

    private ReadOnlySpan<byte> Take(int bytes, string what)
    {
        if (bytes > Left)
            throw Wrong($"the file ends at byte {file.Length}, {what} at byte {Position} needs {bytes} bytes");
        ReadOnlySpan<byte> taken = file.Bytes(Position, bytes);
        Position += bytes;
        return taken;
    }
}
