using System.Buffers.Binary;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The characters that SentencePiece replaces in a text first, as its files have the rules compiled, nmt_nfkc's or others: a trie of what is
/// replaced in a double array, and the replacements, each with a zero behind it.
/// </summary>
internal sealed class CharacterMap
{
    private readonly uint[] _units;
    private readonly byte[] _texts;

    private CharacterMap(uint[] units, byte[] texts) => (_units, _texts) = (units, texts);

    /// <summary>Reads compiled rules.</summary>
    /// <param name="compiled">The rules: the bytes of the trie in four bytes, the trie, the replacements.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="FileFormatException">The parts are not as long as they say, or the last replacement has no end.</exception>
    public static CharacterMap Read(ReadOnlySpan<byte> compiled, string path)
    {
        uint size = compiled.Length < sizeof(uint) ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(compiled);
        if (size == 0 || size % sizeof(uint) != 0 || size > compiled.Length - sizeof(uint))
            throw new FileFormatException(path, $"a trie of {size} bytes found in {compiled.Length} bytes of a normalizer, whole units of 4 that fit expected");
        ReadOnlySpan<byte> trie = compiled.Slice(sizeof(uint), (int)size), texts = compiled[(sizeof(uint) + (int)size)..];
        if (texts is not [.., 0])
            throw new FileFormatException(path, "the replacements of a normalizer do not end with a zero: the file is cut off or damaged");
        uint[] units = new uint[size / sizeof(uint)];
        for (int i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(trie[(i * sizeof(uint))..]);
        return new CharacterMap(units, texts.ToArray());
    }

    /// <summary>The length of the longest part that a text begins with and that is replaced; 0 where it begins with none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="replacement">What stands in its place, nothing perhaps.</param>
    public int Longest(ReadOnlySpan<byte> text, out ReadOnlySpan<byte> replacement)
    {
        replacement = default;
        int longest = 0;
        uint node = Offset(_units[0]);
        for (int at = 0; at < text.Length; at++)
        {
            node ^= text[at];
            // What a damaged trie leads out of leads nowhere.
            if (node >= _units.Length || Label(_units[node]) != text[at])
                break;
            uint unit = _units[node];
            node ^= Offset(unit);
            if (HasValue(unit) && node < _units.Length && Value(_units[node]) is var start && start < _texts.Length)
            {
                ReadOnlySpan<byte> rest = _texts.AsSpan((int)start);
                longest = at + 1;
                replacement = rest[..rest.IndexOf((byte)0)];
            }
        }
        return longest;
    }

    // A unit of the double array: its label in the lowest 8 bits, whether a value follows in bit 8, how far the children are in the bits from 10
    // on, 256 times as far where bit 9 is set; that of a value has bit 31, and no label is equal to it.
    private static uint Label(uint unit) => unit & 0x8000_00FF;

    private static bool HasValue(uint unit) => (unit >> 8 & 1) == 1;

    private static uint Value(uint unit) => unit & 0x7FFF_FFFF;

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);
}
