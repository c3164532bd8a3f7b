using System.Buffers;
using System.Globalization;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Cuts a text into words as word vectors know them: letters and digits with their accents, and a single apostrophe, hyphen or low line
/// between two of them. Everything else stands between words. Scripts that have no spaces are not cut.
/// </summary>
internal static class TextWords
{
    /// <summary>The most bytes of a word; what is longer is none.</summary>
    public const int LongestWord = 1024;

    private const string Joiners = "'’-_";

    /// <summary>The length of a text's first piece: a word, or one character that belongs to none. The text must end where a word may.</summary>
    public static int NextLength(ReadOnlySpan<byte> text)
    {
        if (!IsOfWord(text, 0, out int at))
            return at;
        while (at < text.Length)
        {
            if (IsOfWord(text, at, out int length))
                at += length;
            else if (IsJoiner(text, at, length) && at + length < text.Length && IsOfWord(text, at + length, out int next))
                at += length + next;
            else
                break;
        }
        return at;
    }

    /// <summary>Whether a piece is a word.</summary>
    public static bool IsWord(ReadOnlySpan<byte> piece) => piece.Length is > 0 and <= LongestWord && IsOfWord(piece, 0, out _);

    /// <summary>Where a block of a text that goes on can be cut: behind its last white space; 0 where there is none.</summary>
    public static int LengthOfWholeWords(ReadOnlySpan<byte> block, bool isFinal) => isFinal ? block.Length : block.LastIndexOfAny(" \n\r\t"u8) + 1;

    /// <summary>A word with small letters alone.</summary>
    public static byte[] ToLower(ReadOnlySpan<byte> word) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(word).ToLowerInvariant());

    /// <summary>How many characters of a word are of a script that is written without spaces: Chinese or Japanese.</summary>
    public static int CountWithoutSpaces(ReadOnlySpan<byte> word)
    {
        int count = 0;
        foreach (Rune character in Encoding.UTF8.GetString(word).EnumerateRunes())
            count += character.Value is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x9FFF) or (>= 0x20000 and <= 0x3FFFF) ? 1 : 0;
        return count;
    }

    private static bool IsOfWord(ReadOnlySpan<byte> text, int at, out int length) => CharacterKinds.At(text, at, out length) switch
    {
        CharacterKind.Letter or CharacterKind.Number => true,
        CharacterKind.Other => length > 1 && IsMark(text[at..]),
        _ => false,
    };

    private static bool IsMark(ReadOnlySpan<byte> text) => Rune.DecodeFromUtf8(text, out Rune character, out _) == OperationStatus.Done
        && Rune.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsJoiner(ReadOnlySpan<byte> text, int at, int length) =>
        Rune.DecodeFromUtf8(text.Slice(at, length), out Rune character, out _) == OperationStatus.Done && character.IsBmp
        && Joiners.Contains((char)character.Value, StringComparison.Ordinal);
}
