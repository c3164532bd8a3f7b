namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Cuts a text in UTF-8 into the pieces within which GPT-2 merges bytes: what the pattern
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> matches (Radford et al. 2019, encoder.py), by hand:
/// a Regex sees UTF-16 and no bytes. A byte that is no UTF-8 counts as a character that is no letter, no number and no space.
/// </summary>
public static class Gpt2PreTokenizer
{
    /// <summary>The length in bytes of the first piece of a text; 0 where the text is empty.</summary>
    public static int Next(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
            return 0;
        byte first = text[0];
        if (first == '\'' && Contraction(text) is var length and > 0)
            return length;
        int start = first == ' ' && text.Length > 1 ? 1 : 0;
        CharacterKind kind = CharacterKinds.At(text, start, out length);
        return kind == CharacterKind.Space ? CharacterKinds.SpacesBeforeWord(text) : CharacterKinds.RunEnd(text, start + length, kind);
    }

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
}
