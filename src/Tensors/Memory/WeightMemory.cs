namespace MiniGpt.Tensors.Memory;

/// <summary>
/// Memory for weights, which stay as long as their model: small matrices lie side by side in blocks of huge pages. A model of 3 MB would take 800
/// small pages, and where a virtual machine has to find memory for each when it is first used, that takes longer than reading the model.
/// </summary>
/// <remarks>A block is given back when nothing refers to it any more.</remarks>
internal readonly unsafe struct WeightMemory
{
    private const long BlockBytes = 2 * HugePages.LeastBytes;

    private static readonly Lock s_lock = new();

    // Only those who have weights keep the block alive.
    private static readonly WeakReference<AlignedMemory?> s_block = new(null);
    private static long s_used;

    private readonly AlignedMemory _block;
    private readonly long _offset;
    private readonly long _end;
    private readonly bool _isAlone;

    /// <summary>Takes memory, whose content is not cleared, at the beginning of a cache line.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">The system has no such block.</exception>
    public WeightMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes >= HugePages.LeastBytes)
        {
            (_block, _isAlone) = (new AlignedMemory(bytes), true);
            return;
        }

        lock (s_lock)
        {
            if (!s_block.TryGetTarget(out AlignedMemory? block) || s_used + bytes > block.Bytes)
            {
                s_block.SetTarget(block = new AlignedMemory(BlockBytes));
                s_used = 0;
            }

            (_block, _offset) = (block, s_used);
            s_used += bytes + AlignedMemory.Alignment - 1 & -AlignedMemory.Alignment;
            _end = s_used;
        }
    }

    /// <summary>Gives back what nobody uses: a block of its own, or the last part that was taken of a block. Between others, memory waits for them.</summary>
    public void Free()
    {
        if (_isAlone)
        {
            _block.Dispose();
            return;
        }

        lock (s_lock)
        {
            if (s_block.TryGetTarget(out AlignedMemory? block) && block == _block && s_used == _end)
                s_used = _offset;
        }
    }

    /// <summary>The block that it is a part of.</summary>
    public AlignedMemory Block => _block;

    /// <summary>Where it begins.</summary>
    public byte* Pointer => (byte*)_block.Pointer + _offset;
}
