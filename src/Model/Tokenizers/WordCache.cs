using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The ids of short words that were seen last: a table in which each word has one place, where it pushes out the one before it. So it
/// never grows, and half of a second-level cache holds it.
/// </summary>
internal sealed class WordCache
{
    private const int LongestWord = 15; // bytes: with their number they fill 16
    private const int MostIds = 4;
    private const int PlaceBits = 14;

    private readonly Entry[] _entries = new Entry[1 << PlaceBits];

    /// <summary>A word in two registers; of all zeros where it is too long to be kept.</summary>
    public readonly record struct Key(ulong Low, ulong High)
    {
        public bool IsNone => High == 0;

        public int Place => (int)(((Low ^ (High * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93) >> (64 - PlaceBits));
    }

    /// <summary>The key of the first bytes of a text, at least one.</summary>
    public static Key KeyOf(ReadOnlySpan<byte> text, int length)
    {
        if (length > LongestWord)
            return default;
        ulong low, high;
        if (text.Length >= 16)
        {
            low = BinaryPrimitives.ReadUInt64LittleEndian(text);
            high = BinaryPrimitives.ReadUInt64LittleEndian(text[8..]);
        }
        else
        {
            Span<byte> padded = stackalloc byte[16];
            padded.Clear();
            text[..length].CopyTo(padded);
            low = BinaryPrimitives.ReadUInt64LittleEndian(padded);
            high = BinaryPrimitives.ReadUInt64LittleEndian(padded[8..]);
        }
        if (length < 8)
            (low, high) = (low & ((1UL << (8 * length)) - 1), 0);
        else
            high &= (1UL << (8 * (length - 8))) - 1;
        return new Key(low, high | ((ulong)length << 56));
    }

    /// <summary>Writes the ids of a word, if they are here.</summary>
    public bool TryGet(Key key, Span<int> ids, out int count)
    {
        ref readonly Entry entry = ref _entries[key.Place];
        count = entry.Count;
        if (entry.Key != key || key.IsNone)
            return false;
        // Four stores are quicker than a loop over one or two.
        if (ids.Length >= MostIds)
            MemoryMarshal.Write(MemoryMarshal.AsBytes(ids), entry.Ids);
        else
            ((ReadOnlySpan<int>)entry.Ids)[..count].CopyTo(ids);
        return true;
    }

    /// <summary>Keeps the ids of a word, if it is short.</summary>
    public void Add(Key key, ReadOnlySpan<int> ids)
    {
        if (key.IsNone || ids.Length > MostIds)
            return;
        ref Entry entry = ref _entries[key.Place];
        entry.Key = key;
        entry.Count = ids.Length;
        entry.Ids = IdsOf(ids);
    }

    private static FourIds IdsOf(ReadOnlySpan<int> ids)
    {
        FourIds four = default;
        for (int i = 0; i < ids.Length; i++)
            four[i] = ids[i];
        return four;
    }

    private struct Entry
    {
        public Key Key;
        public int Count;
        public FourIds Ids;
    }

    [InlineArray(MostIds)]
    private struct FourIds
    {
        private int _first;
    }
}
