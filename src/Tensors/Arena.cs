using System.Diagnostics;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Tensors;

/// <summary>
/// Memory for everything that lives as long as one step. Allocation moves a pointer; <see cref="Reset"/> takes all of it back at once.
/// The first step measures: its blocks are replaced by a single one that later steps reuse.
/// </summary>
/// <remarks>Tensors from an arena are valid until its next <see cref="Reset"/>. Not safe for use from several threads at once.</remarks>
public sealed unsafe class Arena : IDisposable
{
    private const long SmallestBlock = 1 << 20;

    private readonly List<AlignedMemory> _blocks = [];
    private readonly List<FreeList> _free = [];
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
        long bytes = SizeOf<T>(shape);
        if (FreeListOf(bytes) is { } free && free.Pieces.TryPop(out Piece piece))
            return new Tensor<T>(piece.Block, (T*)((byte*)piece.Block.Pointer + piece.Offset), shape);

        if (_blocks.Count == 0 || _usedInLast + bytes > _blocks[^1].Bytes)
            AddBlock(bytes);

        AlignedMemory block = _blocks[^1];
        var tensor = new Tensor<T>(block, (T*)((byte*)block.Pointer + _usedInLast), shape);
        _usedInLast += bytes;
        return tensor;
    }

    /// <summary>
    /// Gives one tensor's memory back before the reset, for the next allocation of the same size: layers repeat their sizes, so that the
    /// gradients of one reuse the activations of another.
    /// </summary>
    /// <param name="tensor">A whole tensor from this arena, not a view of a part.</param>
    public void Return<T>(Tensor<T> tensor)
        where T : unmanaged
    {
        long bytes = SizeOf<T>(tensor.Shape);
        if (FreeListOf(bytes) is not { } free)
        {
            free = new FreeList(bytes);
            _free.Add(free);
        }

        FillWithNaN((byte*)tensor.Pointer, bytes);
        free.Pieces.Push(new Piece(tensor.Memory!, (byte*)tensor.Pointer - (byte*)tensor.Memory!.Pointer));
    }

    /// <summary>Takes back all that was handed out. In debug builds it is filled with NaN, so that a use of old memory shows.</summary>
    public void Reset()
    {
        foreach (FreeList free in _free)
            free.Pieces.Clear();

        if (_blocks.Count > 1)
        {
            long needed = Used;
            Free();
            _blocks.Add(new AlignedMemory(needed));
            Capacity = needed;
        }

        foreach (AlignedMemory block in _blocks)
            FillWithNaN((byte*)block.Pointer, block.Bytes);

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
            block.Dispose();

        _blocks.Clear();
        Capacity = 0;
    }

    private static long SizeOf<T>(Shape shape)
        where T : unmanaged => checked(shape.Count * sizeof(T) + AlignedMemory.Alignment - 1) & -AlignedMemory.Alignment;

    // A step has some twenty sizes: looking through them is quicker than a hash.
    private FreeList? FreeListOf(long bytes)
    {
        foreach (FreeList free in _free)
        {
            if (free.Bytes == bytes)
                return free;
        }

        return null;
    }

    [Conditional("DEBUG")]
    private static void FillWithNaN(byte* start, long bytes)
    {
        for (long i = 0; i < bytes; i += 1 << 30)
        {
            new Span<byte>(start + i, (int)Math.Min(bytes - i, 1 << 30)).Fill(0xFF); // all bits set is a NaN in both precisions
        }
    }

    private readonly record struct Piece(AlignedMemory Block, long Offset);

    private sealed class FreeList(long bytes)
    {
        public long Bytes { get; } = bytes;

        public Stack<Piece> Pieces { get; } = new();
    }
}
