using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Unicode;

namespace MiniGpt.Model.Files;

/// <summary>Counts the characters of UTF-8. What is no UTF-8 counts as the U+FFFD that a decoder makes of it.</summary>
internal static class Utf8Characters
{
    private const int ChunkBytes = 1 << 14; // one byte that is no UTF-8 makes only these slow to count

    /// <summary>Counts the whole characters of a block.</summary>
    /// <returns>The bytes that were counted: all, but for a character that goes on in the next block.</returns>
    public static int Count(ReadOnlySpan<byte> block, bool isFinal, out long characters, out long invalid)
    {
        bool isCut = Rune.DecodeLastFromUtf8(block, out _, out int tail) == OperationStatus.NeedMoreData;
        ReadOnlySpan<byte> whole = isCut && !isFinal ? block[..^tail] : block;
        (characters, invalid) = (0, 0);
        for (ReadOnlySpan<byte> rest = whole; !rest.IsEmpty;)
        {
            int length = Math.Min(ChunkBytes, rest.Length);
            while (length < rest.Length && IsContinuation(rest[length]))
                length++;
            ReadOnlySpan<byte> chunk = rest[..length];
            if (Utf8.IsValid(chunk))
                characters += CountValid(chunk);
            else
                CountSlowly(chunk, ref characters, ref invalid);
            rest = rest[length..];
        }
        return whole.Length;
    }

    /// <summary>Goes over as many characters as are missing, or as the block has, and returns their bytes.</summary>
    public static int Skip(ReadOnlySpan<byte> block, bool isFinal, ref long missing)
    {
        int at = 0;
        while (missing > 0 && at < block.Length)
        {
            OperationStatus status = Rune.DecodeFromUtf8(block[at..], out _, out int length);
            if (status == OperationStatus.NeedMoreData && !isFinal)
                break;
            at += length;
            missing--;
        }
        return at;
    }

    /// <summary>How many of the first bytes of a text are UTF-8.</summary>
    public static int ValidLength(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (at < text.Length && Rune.DecodeFromUtf8(text[at..], out _, out int length) == OperationStatus.Done)
            at += length;
        return at;
    }

    private static bool IsContinuation(byte value) => (value & 0xC0) == 0x80;

    /// <summary>Every character has one byte that is no continuation; eight bytes at a time.</summary>
    private static long CountValid(ReadOnlySpan<byte> text)
    {
        long continuations = 0;
        int at = 0;
        for (; at + 8 <= text.Length; at += 8)
        {
            ulong bytes = BinaryPrimitives.ReadUInt64LittleEndian(text[at..]);
            continuations += BitOperations.PopCount((bytes >> 7) & ~(bytes >> 6) & 0x0101_0101_0101_0101);
        }
        for (; at < text.Length; at++)
            continuations += IsContinuation(text[at]) ? 1 : 0;
        return text.Length - continuations;
    }

    private static void CountSlowly(ReadOnlySpan<byte> text, ref long characters, ref long invalid)
    {
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out _, out int length) != OperationStatus.Done)
                invalid++;
            characters++;
            text = text[length..];
        }
    }
}
