using System.Numerics;

namespace MiniGpt.Model.Tokenizers;

/// <summary>Finds the merge of two tokens: a hash table with one word of memory a merge, which the first caches can hold.</summary>
internal sealed class MergeTable
{
    /// <summary>A pair that has no merge.</summary>
    public const int None = int.MaxValue;

    /// <summary>Ids and ranks have so many bits, three of them a word.</summary>
    public const int MostTokens = 1 << Bits;

    private const int Bits = 21;
    private const ulong Empty = ulong.MaxValue;
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong[] _slots;
    private readonly int _shift;

    /// <exception cref="ArgumentException">A pair is there twice.</exception>
    public MergeTable(IReadOnlyList<BytePairMerge> merges)
    {
        int bits = Math.Max(4, BitOperations.Log2((uint)merges.Count + 1) + 2); // at most half full
        _slots = new ulong[1 << bits];
        _shift = 64 - bits;
        Array.Fill(_slots, Empty);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            ulong pair = Pair(merges[rank].Left, merges[rank].Right);
            int slot = Find(pair);
            Require.That(_slots[slot] == Empty, $"merge {rank} repeats merge {_slots[slot] & ((1UL << Bits) - 1)}");
            _slots[slot] = (pair << Bits) | (uint)rank;
        }
    }

    /// <summary>The rank of the merge of two tokens; <see cref="None"/> where there is none.</summary>
    public int RankOf(int left, int right)
    {
        ulong slot = _slots[Find(Pair(left, right))];
        return slot == Empty ? None : (int)(slot & ((1UL << Bits) - 1));
    }

    private static ulong Pair(int left, int right) => ((ulong)(uint)left << Bits) | (uint)right;

    private int Find(ulong pair)
    {
        int slot = (int)((pair * Golden) >> _shift);
        while (_slots[slot] != Empty && _slots[slot] >> Bits != pair)
            slot = (slot + 1) & (_slots.Length - 1);
        return slot;
    }
}
