namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// GPT-2's way to write any bytes as visible characters, in vocab.json, merges.txt, tokenizer.json and GGUF: ! to ~, ¡ to ¬ and ® to ÿ
/// stand for themselves, the other bytes are U+0100 and what follows, in order.
/// </summary>
public static class ByteAlphabet
{
    private const int Shifted = 0x100;

    private static readonly char[] s_characters = MakeCharacters();
    private static readonly short[] s_bytes = MakeBytes();

    /// <summary>All bytes in the order of their characters' ids: those that stand for themselves first, then the others.</summary>
    public static ReadOnlySpan<byte> Order => s_order;

    private static readonly byte[] s_order =
    [
        .. Enumerable.Range(0, 256).Where(StandsForItself).Select(value => (byte)value),
        .. Enumerable.Range(0, 256).Where(value => !StandsForItself(value)).Select(value => (byte)value),
    ];

    /// <summary>The characters that stand for bytes.</summary>
    public static string ToText(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = bytes.Length <= 256 ? stackalloc char[bytes.Length] : new char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
            text[i] = s_characters[bytes[i]];
        return new string(text);
    }

    /// <summary>The bytes that characters stand for; false where one stands for none.</summary>
    public static bool TryToBytes(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        for (int i = 0; i < text.Length; i++)
        {
            int value = text[i] < s_bytes.Length ? s_bytes[text[i]] : -1;
            if (value < 0)
                return false;
            bytes[i] = (byte)value;
        }
        return true;
    }

    private static bool StandsForItself(int value) => value is >= '!' and <= '~' or >= '¡' and <= '¬' or >= '®' and <= 'ÿ';

    private static char[] MakeCharacters()
    {
        char[] characters = new char[256];
        int next = Shifted;
        for (int value = 0; value < 256; value++)
            characters[value] = (char)(StandsForItself(value) ? value : next++);
        return characters;
    }

    private static short[] MakeBytes()
    {
        short[] bytes = new short[s_characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
            bytes[s_characters[value]] = (short)value;
        return bytes;
    }
}
