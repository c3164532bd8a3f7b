using System.Numerics;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Tasks;

/// <summary>
/// Some examples of word2vec: the ids of the words that an example looks from, and of those that it looks at. The rows that a batch touches
/// are few among those of a vocabulary: <see cref="TouchedRows"/> numbers them.
/// </summary>
/// <param name="examples">N: how many examples fit.</param>
/// <param name="contexts">W: the most contexts of an example.</param>
/// <param name="targets">1 + K: the right target, and those that were drawn at random.</param>
internal sealed class NeighbourBatch(int examples, int contexts, int targets)
{
    private readonly int[] _contexts = new int[examples * contexts];
    private readonly int[] _targets = new int[examples * targets];

    /// <summary>How many examples there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many examples fit.</summary>
    public int Capacity => examples;

    public bool IsFull => Count == examples;

    /// <summary>W.</summary>
    public int ContextWidth => contexts;

    /// <summary>1 + K.</summary>
    public int TargetWidth => targets;

    /// <summary>[N, W], <see cref="NegativeSampling.None"/> where an example has fewer contexts.</summary>
    public Span<int> Contexts => _contexts.AsSpan(0, Count * contexts);

    /// <summary>[N, 1 + K].</summary>
    public Span<int> Targets => _targets.AsSpan(0, Count * targets);

    /// <summary>Adds an example, its ids to be written.</summary>
    public void Add(out Span<int> contextIds, out Span<int> targetIds)
    {
        contextIds = _contexts.AsSpan(Count * contexts, contexts);
        targetIds = _targets.AsSpan(Count * targets, targets);
        contextIds.Fill(NegativeSampling.None);
        Count++;
    }

    public void Clear() => Count = 0;
}

/// <summary>Finds the different rows of a table that ids name, and numbers them.</summary>
/// <param name="rows">V: the rows of the table.</param>
internal sealed class TouchedRows(int rows)
{
    private readonly ulong[] _seen = new ulong[(rows + 63) / 64];
    private readonly int[] _numbers = new int[rows];
    private readonly int[] _ids = new int[rows];

    /// <summary>The different ids in ascending order; each of the given ones becomes its place among them.</summary>
    public ReadOnlySpan<int> Number(Span<int> ids)
    {
        foreach (int id in ids)
        {
            if (id != NegativeSampling.None)
                _seen[id >> 6] |= 1UL << id;
        }
        int count = 0;
        for (int word = 0; word < _seen.Length; word++)
        {
            for (ulong left = _seen[word]; left != 0; left &= left - 1)
            {
                int id = word * 64 + BitOperations.TrailingZeroCount(left);
                _numbers[id] = count;
                _ids[count++] = id;
            }
            _seen[word] = 0;
        }
        foreach (ref int id in ids)
        {
            if (id != NegativeSampling.None)
                id = _numbers[id];
        }
        return _ids.AsSpan(0, count);
    }
}
