using System.Buffers;
using System.Runtime.InteropServices;

namespace MiniGpt.Model.Data;

/// <summary>
/// Tells what has the ending of token files and is none. Without a header any two bytes are an id: what passed here would be trained on as numbers.
/// </summary>
internal static class ForeignFile
{
    /// <summary>How much of a file is looked at.</summary>
    public const int SampleBytes = 1 << 12;

    private const int FewestToTell = 128; // bytes: of fewer, chance could look like text or like wider numbers

    private const ushort LargestUpperHalf = 3; // vocabularies up to 262,144

    private static readonly SearchValues<byte> s_printable =
        SearchValues.Create([(byte)'\t', (byte)'\n', (byte)'\r', .. Enumerable.Range(' ', '~' - ' ' + 1).Select(value => (byte)value)]);

    private static readonly (byte[] Beginning, string Name)[] s_known =
    [
        ([0x93, .. "NUMPY"u8], "a NumPy array (.npy)"),
        ([.. "PK\x03\x04"u8], "a zip archive, as .npz and PyTorch's files are,"),
        ([0x80, 2, 0x8A, 10], "a pickle of PyTorch"),
        ([0x1F, 0x8B, 8], "gzip data"),
        ([0x28, 0xB5, 0x2F, 0xFD], "zstd data"),
        ([.. "PAR1"u8], "a Parquet file"),
        ([.. "GGUF"u8], "a GGUF model"),
        ([.. "ARROW1"u8], "an Arrow file"),
        ([.. "MMIDIDX"u8], "the index of a Megatron data set"),
        (BitConverter.GetBytes(20240326), "a model of llm.c"),
        (BitConverter.GetBytes(20240327), "a state of llm.c"),
    ];

    /// <summary>What a file is by its first bytes; null where it can be ids of two bytes each.</summary>
    public static string? NameOf(ReadOnlySpan<byte> beginning)
    {
        foreach ((byte[] known, string name) in s_known)
        {
            if (beginning.StartsWith(known))
                return name;
        }
        if (beginning.Length < FewestToTell)
            return null;
        if (!beginning.ContainsAnyExcept(s_printable))
            return "text";
        // An id of 32 bits has an upper half of 0 (or of 1 and 2, in the largest vocabularies), a text of tokens never so many of one.
        ReadOnlySpan<ushort> numbers = MemoryMarshal.Cast<byte, ushort>(beginning);
        bool hasUpperHalves = true, hasLowerHalves = false;
        for (int i = 0; i + 1 < numbers.Length; i += 2)
        {
            hasLowerHalves |= numbers[i] > LargestUpperHalf;
            hasUpperHalves &= numbers[i + 1] <= LargestUpperHalf;
        }
        return hasLowerHalves && hasUpperHalves ? "numbers of 32 bits without a header" : null;
    }
}
