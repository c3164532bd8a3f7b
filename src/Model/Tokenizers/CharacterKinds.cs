using System.Buffers;
using System.Globalization;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>What the patterns that cut text into words tell apart.</summary>
internal enum CharacterKind : byte
{
    /// <summary>None of the others, or a byte that is no UTF-8.</summary>
    Other,

    /// <summary>\p{L}.</summary>
    Letter,

    /// <summary>\p{N}.</summary>
    Number,

    /// <summary>\s.</summary>
    Space,

    /// <summary>The first byte of several: the character has to be decoded.</summary>
    Unknown,
}

/// <summary>The kinds of the characters of a text in UTF-8.</summary>
internal static class CharacterKinds
{
    private static readonly CharacterKind[] s_kindOfByte =
        [.. Enumerable.Range(0, 256).Select(value => value < 0x80 ? Of(new Rune(value)) : CharacterKind.Unknown)];

    private static readonly Lazy<CharacterKind[]> s_kindOfCharacter = new(() =>
        [.. Enumerable.Range(0, 0x10000).Select(value => Rune.TryCreate(value, out Rune rune) ? Of(rune) : CharacterKind.Other)]);

    /// <summary>The kind of the character that stands at a place, and its bytes.</summary>
    public static CharacterKind At(ReadOnlySpan<byte> text, int at, out int length)
    {
        CharacterKind kind = s_kindOfByte[text[at]];
        length = 1;
        if (kind != CharacterKind.Unknown)
            return kind;
        if (Rune.DecodeFromUtf8(text[at..], out Rune character, out int decoded) != OperationStatus.Done)
            return CharacterKind.Other;
        length = decoded;
        return character.IsBmp ? s_kindOfCharacter.Value[character.Value] : Of(character);
    }

    /// <summary>The end of the characters of one kind that stand from <paramref name="at"/> on.</summary>
    public static int RunEnd(ReadOnlySpan<byte> text, int at, CharacterKind kind)
    {
        while (at < text.Length)
        {
            int length = 1;
            CharacterKind next = s_kindOfByte[text[at]];
            if (next == CharacterKind.Unknown)
                next = At(text, at, out length);
            if (next != kind)
                break;
            at += length;
        }
        return at;
    }

    /// <summary>
    /// The bytes of the spaces that a text begins with: all of them at the end of the text; before a word all but the last, which belongs to
    /// the word or stands alone.
    /// </summary>
    public static int SpacesBeforeWord(ReadOnlySpan<byte> text)
    {
        int at = 0, last = 0;
        while (at < text.Length && At(text, at, out int length) == CharacterKind.Space)
        {
            last = at;
            at += length;
        }
        return at == text.Length || last == 0 ? at : last;
    }

    /// <summary>Whether the last character of a text is a space.</summary>
    public static bool EndsInSpace(ReadOnlySpan<byte> text) =>
        Rune.DecodeLastFromUtf8(text, out Rune last, out _) == OperationStatus.Done && Rune.IsWhiteSpace(last);

    private static CharacterKind Of(Rune character) => Rune.GetUnicodeCategory(character) switch
    {
        <= UnicodeCategory.OtherLetter => CharacterKind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterKind.Number,
        _ => Rune.IsWhiteSpace(character) ? CharacterKind.Space : CharacterKind.Other,
    };
}
