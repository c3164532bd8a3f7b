using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>The different characters of a text: one bit each.</summary>
internal sealed class CharacterSet
{
    private readonly ulong[] _bits = new ulong[0x110000 / 64];

    /// <summary>Adds all characters of a text in UTF-8; bytes that are none are U+FFFD.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            int value = text[0], length = 1;
            if (value >= 0x80)
            {
                Rune.DecodeFromUtf8(text, out Rune character, out length);
                value = character.Value;
            }
            _bits[value >> 6] |= 1UL << (value & 63);
            text = text[length..];
        }
    }

    /// <summary>The characters in code-point order.</summary>
    public IEnumerable<Rune> InOrder() =>
        Enumerable.Range(0, 0x110000).Where(value => (_bits[value >> 6] >> (value & 63) & 1) != 0).Select(value => new Rune(value));
}
