using System.Text.Json.Nodes;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The pattern of Llama 3 and of the Qwen models, by hand:
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>, where Qwen takes
/// every digit alone.
/// </summary>
/// <param name="mostDigits">How many digits stand together at most: 3 or 1.</param>
internal sealed class LlamaPreTokenizer(int mostDigits) : ScanningPreTokenizer
{
    /// <summary>The pattern up to the digits, and from behind them.</summary>
    private const string Head = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}", Tail = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static ReadOnlySpan<byte> LineEnds => "\r\n"u8;

    public static LlamaPreTokenizer Llama3 { get; } = new(3);

    public static LlamaPreTokenizer Qwen2 { get; } = new(1);

    /// <summary>The pattern as files have it.</summary>
    public string Pattern => Head + (mostDigits == 1 ? "" : $"{{1,{mostDigits}}}") + Tail;

    public override JsonObject ToJson(bool prefixSpace) => Sequence(Split(Pattern), ByteLevel(cuts: false, prefixSpace));

    public override int Next(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return 0;
        if (text[0] == '\'' && Contraction(text[1..]) is var length and > 0)
            return 1 + length;
        CharacterKind first = CharacterKinds.At(text, 0, out length);
        if (first == CharacterKind.Letter)
            return CharacterKinds.RunEnd(text, length, CharacterKind.Letter);
        if (first == CharacterKind.Number)
            return Digits(text, length);
        // One character that is no line end can stand before letters; a space, and no other, before signs.
        CharacterKind second = length < text.Length ? CharacterKinds.At(text, length, out int secondLength) : CharacterKind.Space;
        if (second == CharacterKind.Letter && !LineEnds.Contains(text[0]))
            return CharacterKinds.RunEnd(text, length, CharacterKind.Letter);
        if (first == CharacterKind.Other || (text[0] == ' ' && second == CharacterKind.Other))
        {
            int end = CharacterKinds.RunEnd(text, length, CharacterKind.Other);
            int lineEnds = text[end..].IndexOfAnyExcept(LineEnds);
            return lineEnds < 0 ? text.Length : end + lineEnds;
        }
        int spaces = CharacterKinds.RunEnd(text, length, CharacterKind.Space);
        int lastLineEnd = text[..spaces].LastIndexOfAny(LineEnds);
        return lastLineEnd >= 0 ? lastLineEnd + 1 : CharacterKinds.SpacesBeforeWord(text);
    }

    /// <summary>The letters of a contraction behind its apostrophe, in either case. The long s is a lower-case s to whoever folds cases.</summary>
    private static int Contraction(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("\u017F"u8))
            return 2;
        if (text.IsEmpty)
            return 0;
        byte first = (byte)(text[0] | 0x20), second = text.Length > 1 ? (byte)(text[1] | 0x20) : (byte)0;
        if (first is (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d')
            return 1;
        return (first, second) is ((byte)'r', (byte)'e') or ((byte)'v', (byte)'e') or ((byte)'l', (byte)'l') ? 2 : 0;
    }

    private int Digits(ReadOnlySpan<byte> text, int at)
    {
        for (int digits = 1; digits < mostDigits && at < text.Length; digits++)
        {
            if (CharacterKinds.At(text, at, out int length) != CharacterKind.Number)
                break;
            at += length;
        }
        return at;
    }
}
