using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Distribution;

/// <summary>After an update: each rank sends the parameters that it has updated to all others, which put them into their place.</summary>
/// <param name="ranks">The ranks.</param>
/// <param name="values">The parameters of this rank.</param>
/// <param name="ownership">Which rank updates what.</param>
internal sealed class ParameterExchange<T>(ICollective ranks, Tensor<T> values, Ownership ownership)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int MostAtOnce = 1 << 24; // numbers in a message, whose length in bytes must be a whole number of 32 bits

    private readonly List<Transfer> _transfers = [];
    private readonly FlatRange[][] _owned = [.. Enumerable.Range(0, ranks.Size).Select(rank => Cut(ownership.Owned(rank)))];

    /// <summary>The time of all exchanges.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>Returns when all ranks have all parameters.</summary>
    public void Run()
    {
        long start = Stopwatch.GetTimestamp();
        for (int distance = 1; distance < ranks.Size; distance++)
        {
            int from = (ranks.Rank + ranks.Size - distance) % ranks.Size;
            foreach (FlatRange range in _owned[from])
                _transfers.Add(ranks.Receive(values.Slice(0, range.Start, range.Length), from));
        }
        for (int distance = 1; distance < ranks.Size; distance++)
        {
            int to = (ranks.Rank + distance) % ranks.Size;
            foreach (FlatRange range in _owned[ranks.Rank])
                _transfers.Add(ranks.Send(values.Slice(0, range.Start, range.Length), to));
        }
        foreach (ref Transfer transfer in CollectionsMarshal.AsSpan(_transfers))
            ranks.Wait(ref transfer);
        _transfers.Clear();
        Waited += Stopwatch.GetElapsedTime(start);
    }

    private static FlatRange[] Cut(IReadOnlyList<FlatRange> ranges) => [.. ranges.SelectMany(range =>
        Enumerable.Range(0, (range.Length + MostAtOnce - 1) / MostAtOnce).Select(piece =>
            new FlatRange(range.Start + piece * MostAtOnce, Math.Min(MostAtOnce, range.Length - piece * MostAtOnce))))];
}
