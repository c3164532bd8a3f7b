using System.Buffers;
using System.Text;

namespace MiniGpt.Model.Data;

/// <summary>Places of a text that are no place inside of a word: where white space follows something else.</summary>
internal static class WordBorder
{
    private const int LongestCharacter = 4; // bytes of UTF-8
    private const int FurthestBack = 1 << 22;
    private const int Window = 1 << 16; // bytes that are looked at together

    /// <summary>
    /// The first border of a document from a place on; where there is none the last one before it, and where there is none either, the place
    /// itself.
    /// </summary>
    /// <param name="document">The document.</param>
    /// <param name="place">A byte of it.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static long Nearest(TextRange document, long place)
    {
        if (place == document.Start || place == document.End)
            return place;
        return FirstFrom(document, place) ?? LastBefore(document, place) ?? place;
    }

    private static long? FirstFrom(TextRange document, long place)
    {
        using FileStream file = File.OpenRead(document.Path);
        byte[] window = new byte[Window];
        // What stands before a place decides whether it is a border, and so does the whole of the character behind it.
        for (long at = Math.Max(document.Start, place - LongestCharacter); at < document.End; at += Window - 2 * LongestCharacter)
        {
            file.Position = at;
            int wanted = (int)Math.Min(Window, document.End - at);
            file.ReadExactly(window.AsSpan(0, wanted));
            bool isEnd = at + wanted == document.End;
            int cut = FindFirst(window.AsSpan(0, wanted), (int)Math.Max(place - at, at > document.Start ? LongestCharacter : 1));
            if (cut < (isEnd ? wanted : wanted - LongestCharacter))
                return at + cut;
        }
        return null;
    }

    private static long? LastBefore(TextRange document, long place)
    {
        long start = Math.Max(document.Start, place - FurthestBack);
        byte[] bytes = new byte[place - start];
        using FileStream file = File.OpenRead(document.Path);
        file.Position = start;
        file.ReadExactly(bytes);
        for (int at = bytes.Length - 1; at > 0; at--)
        {
            if (IsBorder(bytes, at))
                return start + at;
        }
        return null;
    }

    private static int FindFirst(ReadOnlySpan<byte> text, int from)
    {
        int at = Math.Max(from, 1);
        while (at < text.Length && !IsBorder(text, at))
            at++;
        return Math.Min(at, text.Length);
    }

    private static bool IsBorder(ReadOnlySpan<byte> text, int at) =>
        Rune.DecodeFromUtf8(text[at..], out Rune next, out _) == OperationStatus.Done && Rune.IsWhiteSpace(next)
        && !(Rune.DecodeLastFromUtf8(text[..at], out Rune last, out _) == OperationStatus.Done && Rune.IsWhiteSpace(last));
}
