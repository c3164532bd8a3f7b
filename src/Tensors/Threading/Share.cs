using System.Runtime.InteropServices;

namespace MiniGpt.Tensors.Threading;

/// <summary>
/// The unclaimed chunks of one thread of a <see cref="WorkerPool"/>, taken from the front by that thread and from the end by others. It
/// fills a pair of cache lines, which processors fetch together, so that a claim disturbs no other thread.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct Share
{
    /// <summary>The most chunks whose numbers fit.</summary>
    public const int MostChunks = ushort.MaxValue;

    // From the lowest bit: the next chunk, 16 bits; the end, 16 bits; how often it was filled, 32 bits. One word, so that a claim cannot
    // mix two jobs.
    [FieldOffset(0)]
    private long _state;

    /// <summary>Whether nothing is unclaimed.</summary>
    public readonly bool IsEmpty => IsEmptyIn(Volatile.Read(in _state));

    /// <summary>The same of a state that was read.</summary>
    public static bool IsEmptyIn(long state) => (ushort)state == (ushort)(state >> 16);

    /// <summary>The state to claim from.</summary>
    public readonly long Read() => Volatile.Read(in _state);

    /// <summary>Publishes chunks of a new job. Only while the share is empty.</summary>
    public void Fill(int next, int end) => Interlocked.Exchange(ref _state, (((_state >> 32) + 1) << 32) | ((long)end << 16) | (uint)next);

    /// <summary>Claims a chunk of a share that was not empty, unless its state changed since; then it is read again.</summary>
    public bool TryClaim(ref long state, bool fromEnd, out int chunk)
    {
        (chunk, long left) = fromEnd ? ((ushort)(state >> 16) - 1, state - (1 << 16)) : ((ushort)state, state + 1);
        long found = Interlocked.CompareExchange(ref _state, left, state);
        bool claimed = found == state;
        state = found;
        return claimed;
    }
}
