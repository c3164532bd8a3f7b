namespace MiniGpt.Tensors.Memory;

/// <summary>
/// Memory for everything that lives as long as one step. Allocation moves a pointer; <see cref="Reset"/> takes all of it back at once.
/// The first step measures: its blocks are replaced by a single one that later steps reuse.
/// </summary>
/// <remarks>Tensors from an arena are valid until its next <see cref="Reset"/>. Not safe for use from several threads at once.</remarks>
public sealed unsafe class Arena : IDisposable
{
    private const long SmallestBlock = 1 << 20;

    private readonly List<AlignedMemory> _blocks = [];
    private long _usedInLast;
    private long _usedBefore;

    /// <summary>Bytes handed out since the last reset.</summary>
    public long Used => _usedBefore + _usedInLast;

    /// <summary>Bytes held.</summary>
    public long Capacity { get; private set; }

    /// <summary>Memory for a tensor of <paramref name="shape"/>; its content is not cleared.</summary>
    public Tensor<T> Allocate<T>(Shape shape)
        where T : unmanaged
    {
        long bytes = checked(shape.Count * sizeof(T) + AlignedMemory.Alignment - 1) & -AlignedMemory.Alignment;
        if (_blocks.Count == 0 || _usedInLast + bytes > _blocks[^1].Bytes)
        {
            AddBlock(bytes);
        }

        AlignedMemory block = _blocks[^1];
        var tensor = new Tensor<T>(block, (T*)((byte*)block.Pointer + _usedInLast), shape);
        _usedInLast += bytes;
        return tensor;
    }

    /// <summary>Takes back all that was handed out. In debug builds it is filled with NaN, so that a use of old memory shows.</summary>
    public void Reset()
    {
        if (_blocks.Count > 1)
        {
            long needed = Used;
            Free();
            _blocks.Add(new AlignedMemory(needed));
            Capacity = needed;
        }

        FillWithNaN();
        _usedInLast = 0;
        _usedBefore = 0;
    }

    /// <summary>Frees the memory; tensors from this arena must not be used any more.</summary>
    public void Dispose() => Free();

    private void AddBlock(long bytes)
    {
        _usedBefore += _usedInLast;
        _usedInLast = 0;

        // Growing by what is already held keeps the number of blocks of a first step logarithmic.
        _blocks.Add(new AlignedMemory(Math.Max(bytes, Math.Max(SmallestBlock, Capacity / 2))));
        Capacity += _blocks[^1].Bytes;
    }

    private void Free()
    {
        foreach (AlignedMemory block in _blocks)
        {
            block.Dispose();
        }

        _blocks.Clear();
        Capacity = 0;
    }

    [System.Diagnostics.Conditional("DEBUG")]
    private void FillWithNaN()
    {
        foreach (AlignedMemory block in _blocks)
        {
            new Span<byte>(block.Pointer, (int)Math.Min(block.Bytes, int.MaxValue)).Fill(0xFF); // all bits set is a NaN in both precisions
        }
    }
}
