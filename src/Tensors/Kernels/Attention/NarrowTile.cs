using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A tile of one vector of columns, half as wide as <see cref="Microkernel"/>'s: the causal mask ends in the middle of a tile as often as
/// not. Only where the registers allow so many rows that their sums keep the multiply-add units busy without a second vector.
/// </summary>
internal static unsafe class NarrowTile
{
    /// <summary>Whether a tile may be half as wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSupported<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => Microkernel.HasManyRegisters<T, V>();

    /// <summary>The columns that are computed where so many are needed.</summary>
    public static int Columns<T, V>(int needed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => AttentionTile.RoundUp(needed, IsSupported<T, V>() ? V.Count : Microkernel.Columns<T, V>());

    /// <summary>Computes one tile over <paramref name="depth"/> steps; the parameters are those of <see cref="Microkernel.Run{T, V}"/>.</summary>
    public static void Run<T, V>(int rows, int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (rows == Microkernel.Rows<T, V>())
            Rows12<T, V>(depth, a, b, bStep, to);
        else
            Rows8<T, V>(depth, a, b, bStep, to);
    }

    private static void Rows12<T, V>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint row1 = a.RowStride, row2 = 2 * row1, step = a.ColumnStride;
        T* a0 = a.Pointer;
        T* a3 = a.Pointer + 3 * row1;
        T* a6 = a.Pointer + 6 * row1;
        T* a9 = a.Pointer + 9 * row1;
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero;
        V c6 = V.Zero, c7 = V.Zero, c8 = V.Zero, c9 = V.Zero, c10 = V.Zero, c11 = V.Zero;
        for (; depth > 0; depth--)
        {
            V x = V.Load(b);
            c0 = V.MultiplyAdd(V.Broadcast(*a0), x, c0);
            c1 = V.MultiplyAdd(V.Broadcast(*(a0 + row1)), x, c1);
            c2 = V.MultiplyAdd(V.Broadcast(*(a0 + row2)), x, c2);
            c3 = V.MultiplyAdd(V.Broadcast(*a3), x, c3);
            c4 = V.MultiplyAdd(V.Broadcast(*(a3 + row1)), x, c4);
            c5 = V.MultiplyAdd(V.Broadcast(*(a3 + row2)), x, c5);
            c6 = V.MultiplyAdd(V.Broadcast(*a6), x, c6);
            c7 = V.MultiplyAdd(V.Broadcast(*(a6 + row1)), x, c7);
            c8 = V.MultiplyAdd(V.Broadcast(*(a6 + row2)), x, c8);
            c9 = V.MultiplyAdd(V.Broadcast(*a9), x, c9);
            c10 = V.MultiplyAdd(V.Broadcast(*(a9 + row1)), x, c10);
            c11 = V.MultiplyAdd(V.Broadcast(*(a9 + row2)), x, c11);
            a0 += step;
            a3 += step;
            a6 += step;
            a9 += step;
            b += bStep;
        }

        T* c = to.Pointer;
        Finish(c0, c, to);
        c += to.RowStride;
        Finish(c1, c, to);
        c += to.RowStride;
        Finish(c2, c, to);
        c += to.RowStride;
        Finish(c3, c, to);
        c += to.RowStride;
        Finish(c4, c, to);
        c += to.RowStride;
        Finish(c5, c, to);
        c += to.RowStride;
        Finish(c6, c, to);
        c += to.RowStride;
        Finish(c7, c, to);
        c += to.RowStride;
        Finish(c8, c, to);
        c += to.RowStride;
        Finish(c9, c, to);
        c += to.RowStride;
        Finish(c10, c, to);
        c += to.RowStride;
        Finish(c11, c, to);
    }

    private static void Rows8<T, V>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint row1 = a.RowStride, row2 = 2 * row1, step = a.ColumnStride;
        T* a0 = a.Pointer;
        T* a3 = a.Pointer + 3 * row1;
        T* a6 = a.Pointer + 6 * row1;
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero, c6 = V.Zero, c7 = V.Zero;
        for (; depth > 0; depth--)
        {
            V x = V.Load(b);
            c0 = V.MultiplyAdd(V.Broadcast(*a0), x, c0);
            c1 = V.MultiplyAdd(V.Broadcast(*(a0 + row1)), x, c1);
            c2 = V.MultiplyAdd(V.Broadcast(*(a0 + row2)), x, c2);
            c3 = V.MultiplyAdd(V.Broadcast(*a3), x, c3);
            c4 = V.MultiplyAdd(V.Broadcast(*(a3 + row1)), x, c4);
            c5 = V.MultiplyAdd(V.Broadcast(*(a3 + row2)), x, c5);
            c6 = V.MultiplyAdd(V.Broadcast(*a6), x, c6);
            c7 = V.MultiplyAdd(V.Broadcast(*(a6 + row1)), x, c7);
            a0 += step;
            a3 += step;
            a6 += step;
            b += bStep;
        }

        T* c = to.Pointer;
        Finish(c0, c, to);
        c += to.RowStride;
        Finish(c1, c, to);
        c += to.RowStride;
        Finish(c2, c, to);
        c += to.RowStride;
        Finish(c3, c, to);
        c += to.RowStride;
        Finish(c4, c, to);
        c += to.RowStride;
        Finish(c5, c, to);
        c += to.RowStride;
        Finish(c6, c, to);
        c += to.RowStride;
        Finish(c7, c, to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T, V>(V x, T* c, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => (to.Accumulate ? V.Load(c) + x : x).Store(c);
}
