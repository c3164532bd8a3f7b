using MiniGpt.Tensors.Memory;

namespace MiniGpt.Tensors;

/// <summary>
/// Working memory of kernels, one block a thread and purpose, kept from call to call. A kernel may use it until it returns; a kernel that
/// calls another one must not count on a slot that the other one uses.
/// </summary>
internal static unsafe class Scratch
{
    [ThreadStatic]
    private static AlignedMemory?[]? t_blocks;

    /// <summary>What a block is for; no two uses that overlap in time share one.</summary>
    internal enum Slot
    {
        PackedA,
        PackedB,
        Partials,
        Tile,
        Turned,
        Keys,
        Values,
        Queries,
        Scores,
        Texts,
        Positions,
        ScoreGradients,
        ReducedOnce,
        ReducedTwice,
        RoundedRows,
        WidePanel,
        IterateOne,
        IterateTwo,
        Gram,
        GramPolynomial,
        Orthogonalized,
        RowStarts,
        RowPlaces,
    }

    /// <summary>At least <paramref name="count"/> elements of this thread's memory, with whatever content the last use left.</summary>
    public static T* Get<T>(Slot slot, long count)
        where T : unmanaged => (T*)Block(slot, count * sizeof(T)).Pointer;

    /// <summary>The same as a span.</summary>
    public static Span<T> Span<T>(Slot slot, int count)
        where T : unmanaged => new(Get<T>(slot, count), count);

    /// <summary>A tensor in this thread's memory, with whatever content the last use left, for kernels that are made of others.</summary>
    public static Tensor<T> GetTensor<T>(Slot slot, Shape shape)
        where T : unmanaged
    {
        AlignedMemory block = Block(slot, checked(shape.Count * sizeof(T)));
        return new Tensor<T>(block, (T*)block.Pointer, shape);
    }

    private static AlignedMemory Block(Slot slot, long bytes)
    {
        AlignedMemory? block = t_blocks?[(int)slot];
        return block is not null && block.Bytes >= bytes ? block : Grow(slot, bytes);
    }

    private static AlignedMemory Grow(Slot slot, long bytes)
    {
        AlignedMemory?[] blocks = t_blocks ??= new AlignedMemory?[Enum.GetValues<Slot>().Length];
        blocks[(int)slot]?.Dispose();
        return blocks[(int)slot] = new AlignedMemory(bytes + bytes / 4);
    }
}
