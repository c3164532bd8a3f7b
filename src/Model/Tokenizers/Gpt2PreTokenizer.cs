using System.Buffers;
using System.Globalization;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Cuts a text in UTF-8 into the pieces within which GPT-2 merges bytes: what the pattern
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> matches (Radford et al. 2019, encoder.py), by hand:
/// a Regex sees UTF-16 and no bytes. A byte that is no UTF-8 counts as a character that is no letter, no number and no space.
/// </summary>
public static class Gpt2PreTokenizer
{
    /// <summary>A piece depends on no byte that is further than this behind its end.</summary>
    private const int Lookahead = 4;

    private enum Kind : byte
    {
        Other,
        Letter,
        Number,
        Space,
        Unknown, // the first byte of several: the character has to be decoded
    }

    private static readonly Kind[] s_kindOfByte =
        [.. Enumerable.Range(0, 256).Select(value => value < 0x80 ? KindOf(new Rune(value)) : Kind.Unknown)];

    private static readonly Lazy<Kind[]> s_kindOfCharacter = new(() =>
        [.. Enumerable.Range(0, 0x10000).Select(value => Rune.TryCreate(value, out Rune rune) ? KindOf(rune) : Kind.Other)]);

    /// <summary>The length in bytes of the first piece of a text; 0 where the text is empty.</summary>
    public static int Next(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return 0;
        byte first = text[0];
        if (first == '\'' && Contraction(text) is var length and > 0)
            return length;
        int start = first == ' ' && text.Length > 1 ? 1 : 0;
        Kind kind = KindAt(text, start, out length);
        return kind == Kind.Space ? Spaces(text) : Run(text, start + length, kind);
    }

    /// <summary>
    /// The first place from <paramref name="from"/> on at which a text can be cut without changing its pieces: where a space or line end
    /// follows something else. The length of the text where there is none.
    /// </summary>
    internal static int FindCut(ReadOnlySpan<byte> text, int from)
    {
        for (int at = Math.Max(from, 1); at < text.Length; at++)
        {
            int found = text[at..].IndexOfAny((byte)' ', (byte)'\n');
            if (found < 0)
                return text.Length;
            at += found;
            if (!EndsInSpace(text[..at]))
                return at;
        }
        return text.Length;
    }

    /// <summary>The last place up to <paramref name="most"/> of those that <see cref="FindCut"/> finds; 0 where there is none.</summary>
    internal static int FindLastCut(ReadOnlySpan<byte> text, int most)
    {
        for (int at = Math.Clamp(most + 1, 0, text.Length); (at = text[..at].LastIndexOfAny((byte)' ', (byte)'\n')) > 0;)
        {
            if (!EndsInSpace(text[..at]))
                return at;
        }
        return 0;
    }

    /// <summary>How much of a block will be the same pieces whatever follows it, no special token among them.</summary>
    internal static int LengthOfWholePieces(ReadOnlySpan<byte> block, int longestSpecialToken)
    {
        int most = block.Length - Math.Max(longestSpecialToken, 1) - Lookahead;
        if (FindLastCut(block, most) is var cut and > 0)
            return cut;
        int end = 0;
        while (end < most && end + Next(block[end..]) is var next && next <= most)
            end = next;
        return end;
    }

    /// <summary>Parts of a text of about this many bytes, each of which is cut by itself as it is in the whole.</summary>
    internal static List<Range> Segments(ReadOnlySpan<byte> text, int bytes)
    {
        List<Range> segments = [];
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = text.Length - start <= bytes ? text.Length : FindCut(text, start + bytes);
            segments.Add(start..end);
        }
        return segments;
    }

    private static bool EndsInSpace(ReadOnlySpan<byte> text) =>
        Rune.DecodeLastFromUtf8(text, out Rune last, out _) == OperationStatus.Done && Rune.IsWhiteSpace(last);

    private static int Contraction(ReadOnlySpan<byte> text)
    {
        if (text.Length < 2)
            return 0;
        byte second = text[1];
        if (second is (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d')
            return 2;
        bool isThree = text.Length > 2
            && (second, text[2]) is ((byte)'r', (byte)'e') or ((byte)'v', (byte)'e') or ((byte)'l', (byte)'l');
        return isThree ? 3 : 0;
    }

    /// <summary>The end of the characters of one kind that stand from <paramref name="at"/> on.</summary>
    private static int Run(ReadOnlySpan<byte> text, int at, Kind kind)
    {
        while (at < text.Length)
        {
            int length = 1;
            Kind next = s_kindOfByte[text[at]];
            if (next == Kind.Unknown)
                next = KindAt(text, at, out length);
            if (next != kind)
                break;
            at += length;
        }
        return at;
    }

    /// <summary>All spaces at the end of the text; before a word all but the last, which belongs to the word or stands alone.</summary>
    private static int Spaces(ReadOnlySpan<byte> text)
    {
        int at = 0, last = 0;
        while (at < text.Length && KindAt(text, at, out int length) == Kind.Space)
        {
            last = at;
            at += length;
        }
        return at == text.Length || last == 0 ? at : last;
    }

    private static Kind KindAt(ReadOnlySpan<byte> text, int at, out int length)
    {
        Kind kind = s_kindOfByte[text[at]];
        length = 1;
        if (kind != Kind.Unknown)
            return kind;
        if (Rune.DecodeFromUtf8(text[at..], out Rune character, out int decoded) != OperationStatus.Done)
            return Kind.Other;
        length = decoded;
        return character.IsBmp ? s_kindOfCharacter.Value[character.Value] : KindOf(character);
    }

    private static Kind KindOf(Rune character) => Rune.GetUnicodeCategory(character) switch
    {
        <= UnicodeCategory.OtherLetter => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
        _ => Rune.IsWhiteSpace(character) ? Kind.Space : Kind.Other,
    };
}
