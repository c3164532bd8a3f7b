using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A matrix to read: element (i, j) at <c>Pointer[i · RowStride + j · ColumnStride]</c>.</summary>
internal readonly unsafe struct Operand<T>(T* pointer, nint rowStride, nint columnStride)
    where T : unmanaged
{
    public readonly T* Pointer = pointer;
    public readonly nint RowStride = rowStride;
    public readonly nint ColumnStride = columnStride;

    /// <summary>One matrix of a batch [..., rows, columns].</summary>
    public static Operand<T> Matrix(in Tensor<T> batch, int index)
    {
        long offset = 0;
        for (int axis = batch.Rank - 3; axis >= 0; axis--)
        {
            (index, int position) = Math.DivRem(index, batch.Shape[axis]);
            offset += (long)position * batch.Stride(axis);
        }

        return new Operand<T>(batch.Pointer + offset, batch.Stride(-2), batch.Stride(-1));
    }

    /// <summary>Rows and columns exchanged.</summary>
    public Operand<T> Transpose() => new(Pointer, ColumnStride, RowStride);

    /// <summary>The same matrix from element (row, column) on.</summary>
    public Operand<T> From(long row, long column) => new(Pointer + row * RowStride + column * ColumnStride, RowStride, ColumnStride);
}

/// <summary>Where a tile goes: row-major C, added to or overwritten, with one bias a column or none.</summary>
internal readonly unsafe struct Destination<T>(T* pointer, nint rowStride, bool accumulate, T* bias)
    where T : unmanaged
{
    public readonly T* Pointer = pointer;
    public readonly nint RowStride = rowStride;
    public readonly bool Accumulate = accumulate;
    public readonly T* Bias = bias;

    /// <summary>The same destination from element (row, column) on.</summary>
    public Destination<T> From(long row, long column) =>
        new(Pointer + row * RowStride + column, RowStride, Accumulate, Bias is null ? null : Bias + column);
}

/// <summary>
/// Lines of memory to fetch at each step of a tile: what the tiles that follow will read, where it lies so far apart that the processor does not
/// fetch it by itself.
/// </summary>
internal readonly unsafe struct Ahead(void* line, nint step)
{
    /// <summary>The first line.</summary>
    public readonly byte* Line = (byte*)line;

    /// <summary>Bytes from one step to the next; 0 for the same lines again, which costs nothing.</summary>
    public readonly nint Step = step;

    /// <summary>Lines that are fetched at a step: those of one row of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LinesOfStep<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => Math.Max(1, 2 * V.Count * sizeof(T) / Cache.LineBytes);
}
