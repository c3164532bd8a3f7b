using System.Buffers;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>The different characters of a text: one bit each.</summary>
internal sealed class CharacterSet
{
    private readonly ulong[] _bits = new ulong[0x110000 / 64];

    /// <summary>Adds the characters of the next block of a text in UTF-8, where bytes that are none are U+FFFD.</summary>
    /// <returns>How many bytes were read: all, but for a character that goes on in the next block.</returns>
    public int Add(ReadOnlySpan<byte> text, bool isFinalBlock)
    {
        int at = 0;
        while (at < text.Length)
        {
            int value = text[at], length = 1;
            if (value >= 0x80)
            {
                OperationStatus status = Rune.DecodeFromUtf8(text[at..], out Rune character, out length);
                if (status == OperationStatus.NeedMoreData && !isFinalBlock)
                    break;
                value = character.Value;
            }
            _bits[value >> 6] |= 1UL << (value & 63);
            at += length;
        }
        return at;
    }

    /// <summary>The characters in code-point order.</summary>
    public IEnumerable<Rune> InOrder() =>
        Enumerable.Range(0, 0x110000).Where(value => (_bits[value >> 6] >> (value & 63) & 1) != 0).Select(value => new Rune(value));
}
