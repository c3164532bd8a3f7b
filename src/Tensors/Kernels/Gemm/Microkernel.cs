using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The innermost loop of every matrix product: a tile of C that stays in registers while A and B stream past it. Each step multiplies one
/// column of the tile's rows of A with one row of its columns of B.
/// </summary>
/// <remarks>
/// Accumulators are separate locals, since the JIT keeps locals, but not elements of an array, in registers. The row stride of A is a
/// parameter, so that rows can be read where they lie as well as from a packed panel. Two lines of memory are fetched ahead at each step:
/// the multiplications leave room for them, while a pass of its own that fetches would wait.
/// </remarks>
internal static unsafe class Microkernel
{
    /// <summary>Rows of a full tile: as many as the registers hold at two vectors a row.</summary>
    public static int Rows<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => HasManyRegisters<T, V>() ? 12 : 6;

    /// <summary>
    /// Rows of the next tile where so many are left: a full tile, or a lower one of two thirds of it, so that any multiple of 4 rows is
    /// covered without a row in vain.
    /// </summary>
    public static int Rows<T, V>(int left)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int full = Rows<T, V>(), low = full * 2 / 3;
        return left <= low || (left > full && left <= 2 * low) ? low : full;
    }

    /// <summary>Columns of a tile: two vectors.</summary>
    public static int Columns<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => 2 * V.Count;

    /// <summary>Computes one tile over <paramref name="depth"/> steps.</summary>
    /// <param name="rows">Rows of the tile, from <see cref="Rows{T, V}(int)"/>.</param>
    /// <param name="depth">The number of steps: the inner dimension of this block.</param>
    /// <param name="a">The tile's first row of A.</param>
    /// <param name="b">The tile's first column of B; its columns lie side by side.</param>
    /// <param name="bStep">From one row of B to the next.</param>
    /// <param name="to">Where the tile goes.</param>
    /// <param name="ahead">What to fetch meanwhile for the tiles that follow.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run<T, V>(int rows, int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        bool full = rows == Rows<T, V>();
        if (HasManyRegisters<T, V>())
        {
            if (full)
                Rows12<T, V>(depth, a, b, bStep, to, ahead);
            else
                Rows8<T, V>(depth, a, b, bStep, to, ahead);
        }
        else if (full)
            Rows6<T, V>(depth, a, b, bStep, to, ahead);
        else
            Rows4<T, V>(depth, a, b, bStep, to, ahead);
    }

    // AVX-512 and Arm have 32 vector registers, AVX2 and SSE 16.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasManyRegisters<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> =>
        typeof(V) == typeof(Simd512<T>) || (typeof(V) == typeof(Simd128<T>) && System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported);

    // 24, 16, 12 and 8 accumulators, two vectors of B and one element of A.
    private static void Rows12<T, V>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint row1 = a.RowStride, row2 = 2 * row1, step = a.ColumnStride;
        byte* fetched = ahead.Line;
        nint fetchedStep = ahead.Step;
        T* a0 = a.Pointer;
        T* a3 = a.Pointer + 3 * row1;
        T* a6 = a.Pointer + 6 * row1;
        T* a9 = a.Pointer + 9 * row1;
        V c0L = V.Zero, c0R = V.Zero;
        V c1L = V.Zero, c1R = V.Zero;
        V c2L = V.Zero, c2R = V.Zero;
        V c3L = V.Zero, c3R = V.Zero;
        V c4L = V.Zero, c4R = V.Zero;
        V c5L = V.Zero, c5R = V.Zero;
        V c6L = V.Zero, c6R = V.Zero;
        V c7L = V.Zero, c7R = V.Zero;
        V c8L = V.Zero, c8R = V.Zero;
        V c9L = V.Zero, c9R = V.Zero;
        V c10L = V.Zero, c10R = V.Zero;
        V c11L = V.Zero, c11R = V.Zero;
        for (; depth > 0; depth--)
        {
            Cache.Prefetch(fetched);
            Cache.Prefetch(fetched + Cache.LineBytes);
            V left = V.Load(b), right = V.Load(b + V.Count), x;
            x = V.Broadcast(*a0);
            c0L = V.MultiplyAdd(x, left, c0L);
            c0R = V.MultiplyAdd(x, right, c0R);
            x = V.Broadcast(*(a0 + row1));
            c1L = V.MultiplyAdd(x, left, c1L);
            c1R = V.MultiplyAdd(x, right, c1R);
            x = V.Broadcast(*(a0 + row2));
            c2L = V.MultiplyAdd(x, left, c2L);
            c2R = V.MultiplyAdd(x, right, c2R);
            x = V.Broadcast(*a3);
            c3L = V.MultiplyAdd(x, left, c3L);
            c3R = V.MultiplyAdd(x, right, c3R);
            x = V.Broadcast(*(a3 + row1));
            c4L = V.MultiplyAdd(x, left, c4L);
            c4R = V.MultiplyAdd(x, right, c4R);
            x = V.Broadcast(*(a3 + row2));
            c5L = V.MultiplyAdd(x, left, c5L);
            c5R = V.MultiplyAdd(x, right, c5R);
            x = V.Broadcast(*a6);
            c6L = V.MultiplyAdd(x, left, c6L);
            c6R = V.MultiplyAdd(x, right, c6R);
            x = V.Broadcast(*(a6 + row1));
            c7L = V.MultiplyAdd(x, left, c7L);
            c7R = V.MultiplyAdd(x, right, c7R);
            x = V.Broadcast(*(a6 + row2));
            c8L = V.MultiplyAdd(x, left, c8L);
            c8R = V.MultiplyAdd(x, right, c8R);
            x = V.Broadcast(*a9);
            c9L = V.MultiplyAdd(x, left, c9L);
            c9R = V.MultiplyAdd(x, right, c9R);
            x = V.Broadcast(*(a9 + row1));
            c10L = V.MultiplyAdd(x, left, c10L);
            c10R = V.MultiplyAdd(x, right, c10R);
            x = V.Broadcast(*(a9 + row2));
            c11L = V.MultiplyAdd(x, left, c11L);
            c11R = V.MultiplyAdd(x, right, c11R);
            a0 += step;
            a3 += step;
            a6 += step;
            a9 += step;
            b += bStep;
            fetched += fetchedStep;
        }

        T* c = to.Pointer;
        Finish(c0L, c0R, c, to);
        c += to.RowStride;
        Finish(c1L, c1R, c, to);
        c += to.RowStride;
        Finish(c2L, c2R, c, to);
        c += to.RowStride;
        Finish(c3L, c3R, c, to);
        c += to.RowStride;
        Finish(c4L, c4R, c, to);
        c += to.RowStride;
        Finish(c5L, c5R, c, to);
        c += to.RowStride;
        Finish(c6L, c6R, c, to);
        c += to.RowStride;
        Finish(c7L, c7R, c, to);
        c += to.RowStride;
        Finish(c8L, c8R, c, to);
        c += to.RowStride;
        Finish(c9L, c9R, c, to);
        c += to.RowStride;
        Finish(c10L, c10R, c, to);
        c += to.RowStride;
        Finish(c11L, c11R, c, to);
    }

    private static void Rows8<T, V>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint row1 = a.RowStride, row2 = 2 * row1, step = a.ColumnStride;
        byte* fetched = ahead.Line;
        nint fetchedStep = ahead.Step;
        T* a0 = a.Pointer;
        T* a3 = a.Pointer + 3 * row1;
        T* a6 = a.Pointer + 6 * row1;
        V c0L = V.Zero, c0R = V.Zero;
        V c1L = V.Zero, c1R = V.Zero;
        V c2L = V.Zero, c2R = V.Zero;
        V c3L = V.Zero, c3R = V.Zero;
        V c4L = V.Zero, c4R = V.Zero;
        V c5L = V.Zero, c5R = V.Zero;
        V c6L = V.Zero, c6R = V.Zero;
        V c7L = V.Zero, c7R = V.Zero;
        for (; depth > 0; depth--)
        {
            Cache.Prefetch(fetched);
            Cache.Prefetch(fetched + Cache.LineBytes);
            V left = V.Load(b), right = V.Load(b + V.Count), x;
            x = V.Broadcast(*a0);
            c0L = V.MultiplyAdd(x, left, c0L);
            c0R = V.MultiplyAdd(x, right, c0R);
            x = V.Broadcast(*(a0 + row1));
            c1L = V.MultiplyAdd(x, left, c1L);
            c1R = V.MultiplyAdd(x, right, c1R);
            x = V.Broadcast(*(a0 + row2));
            c2L = V.MultiplyAdd(x, left, c2L);
            c2R = V.MultiplyAdd(x, right, c2R);
            x = V.Broadcast(*a3);
            c3L = V.MultiplyAdd(x, left, c3L);
            c3R = V.MultiplyAdd(x, right, c3R);
            x = V.Broadcast(*(a3 + row1));
            c4L = V.MultiplyAdd(x, left, c4L);
            c4R = V.MultiplyAdd(x, right, c4R);
            x = V.Broadcast(*(a3 + row2));
            c5L = V.MultiplyAdd(x, left, c5L);
            c5R = V.MultiplyAdd(x, right, c5R);
            x = V.Broadcast(*a6);
            c6L = V.MultiplyAdd(x, left, c6L);
            c6R = V.MultiplyAdd(x, right, c6R);
            x = V.Broadcast(*(a6 + row1));
            c7L = V.MultiplyAdd(x, left, c7L);
            c7R = V.MultiplyAdd(x, right, c7R);
            a0 += step;
            a3 += step;
            a6 += step;
            b += bStep;
            fetched += fetchedStep;
        }

        T* c = to.Pointer;
        Finish(c0L, c0R, c, to);
        c += to.RowStride;
        Finish(c1L, c1R, c, to);
        c += to.RowStride;
        Finish(c2L, c2R, c, to);
        c += to.RowStride;
        Finish(c3L, c3R, c, to);
        c += to.RowStride;
        Finish(c4L, c4R, c, to);
        c += to.RowStride;
        Finish(c5L, c5R, c, to);
        c += to.RowStride;
        Finish(c6L, c6R, c, to);
        c += to.RowStride;
        Finish(c7L, c7R, c, to);
    }

    private static void Rows6<T, V>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint row1 = a.RowStride, row2 = 2 * row1, step = a.ColumnStride;
        byte* fetched = ahead.Line;
        nint fetchedStep = ahead.Step;
        T* a0 = a.Pointer;
        T* a3 = a.Pointer + 3 * row1;
        V c0L = V.Zero, c0R = V.Zero;
        V c1L = V.Zero, c1R = V.Zero;
        V c2L = V.Zero, c2R = V.Zero;
        V c3L = V.Zero, c3R = V.Zero;
        V c4L = V.Zero, c4R = V.Zero;
        V c5L = V.Zero, c5R = V.Zero;
        for (; depth > 0; depth--)
        {
            Cache.Prefetch(fetched);
            Cache.Prefetch(fetched + Cache.LineBytes);
            V left = V.Load(b), right = V.Load(b + V.Count), x;
            x = V.Broadcast(*a0);
            c0L = V.MultiplyAdd(x, left, c0L);
            c0R = V.MultiplyAdd(x, right, c0R);
            x = V.Broadcast(*(a0 + row1));
            c1L = V.MultiplyAdd(x, left, c1L);
            c1R = V.MultiplyAdd(x, right, c1R);
            x = V.Broadcast(*(a0 + row2));
            c2L = V.MultiplyAdd(x, left, c2L);
            c2R = V.MultiplyAdd(x, right, c2R);
            x = V.Broadcast(*a3);
            c3L = V.MultiplyAdd(x, left, c3L);
            c3R = V.MultiplyAdd(x, right, c3R);
            x = V.Broadcast(*(a3 + row1));
            c4L = V.MultiplyAdd(x, left, c4L);
            c4R = V.MultiplyAdd(x, right, c4R);
            x = V.Broadcast(*(a3 + row2));
            c5L = V.MultiplyAdd(x, left, c5L);
            c5R = V.MultiplyAdd(x, right, c5R);
            a0 += step;
            a3 += step;
            b += bStep;
            fetched += fetchedStep;
        }

        T* c = to.Pointer;
        Finish(c0L, c0R, c, to);
        c += to.RowStride;
        Finish(c1L, c1R, c, to);
        c += to.RowStride;
        Finish(c2L, c2R, c, to);
        c += to.RowStride;
        Finish(c3L, c3R, c, to);
        c += to.RowStride;
        Finish(c4L, c4R, c, to);
        c += to.RowStride;
        Finish(c5L, c5R, c, to);
    }

    private static void Rows4<T, V>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint row1 = a.RowStride, row2 = 2 * row1, step = a.ColumnStride;
        byte* fetched = ahead.Line;
        nint fetchedStep = ahead.Step;
        T* a0 = a.Pointer;
        T* a3 = a.Pointer + 3 * row1;
        V c0L = V.Zero, c0R = V.Zero;
        V c1L = V.Zero, c1R = V.Zero;
        V c2L = V.Zero, c2R = V.Zero;
        V c3L = V.Zero, c3R = V.Zero;
        for (; depth > 0; depth--)
        {
            Cache.Prefetch(fetched);
            Cache.Prefetch(fetched + Cache.LineBytes);
            V left = V.Load(b), right = V.Load(b + V.Count), x;
            x = V.Broadcast(*a0);
            c0L = V.MultiplyAdd(x, left, c0L);
            c0R = V.MultiplyAdd(x, right, c0R);
            x = V.Broadcast(*(a0 + row1));
            c1L = V.MultiplyAdd(x, left, c1L);
            c1R = V.MultiplyAdd(x, right, c1R);
            x = V.Broadcast(*(a0 + row2));
            c2L = V.MultiplyAdd(x, left, c2L);
            c2R = V.MultiplyAdd(x, right, c2R);
            x = V.Broadcast(*a3);
            c3L = V.MultiplyAdd(x, left, c3L);
            c3R = V.MultiplyAdd(x, right, c3R);
            a0 += step;
            a3 += step;
            b += bStep;
            fetched += fetchedStep;
        }

        T* c = to.Pointer;
        Finish(c0L, c0R, c, to);
        c += to.RowStride;
        Finish(c1L, c1R, c, to);
        c += to.RowStride;
        Finish(c2L, c2R, c, to);
        c += to.RowStride;
        Finish(c3L, c3R, c, to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Finish<T, V>(V left, V right, T* c, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (to.Bias is not null)
        {
            left += V.Load(to.Bias);
            right += V.Load(to.Bias + V.Count);
        }

        if (to.Accumulate)
        {
            left += V.Load(c);
            right += V.Load(c + V.Count);
        }

        left.Store(c);
        right.Store(c + V.Count);
    }
}
