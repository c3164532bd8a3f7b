using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The innermost loop of every matrix product: a tile of C that stays in registers while A and B stream past it. Each step multiplies one
/// column of the tile's rows of A with one row of its columns of B.
/// </summary>
/// <remarks>
/// A is read where it lies as well as from a packed panel. How it lies decides which addresses are constants, and with that how many
/// instructions stand between the multiply-adds: where another thread shares the core, the processor decodes only half as many.
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
        where V : unmanaged, ISimd<V, T> => Run<T, V, WideRow<T, V>>(rows, depth, a, b, bStep, to, ahead);

    /// <summary>Computes one tile whose rows are two vectors wide, or one.</summary>
    /// <inheritdoc cref="Run{T, V}"/>
    public static void Run<T, V, TRow>(int rows, int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TRow : struct, ITileRows<T, V>
    {
        bool full = rows == Rows<T, V>();
        if (HasManyRegisters<T, V>())
        {
            if (full)
                Tile<T, V, ThreeOf<T, V, TwoOf<T, V, TwoOf<T, V, TRow>>>>(depth, a, b, bStep, to, ahead);
            else
                Tile<T, V, TwoOf<T, V, TwoOf<T, V, TwoOf<T, V, TRow>>>>(depth, a, b, bStep, to, ahead);
        }
        else if (full)
            Tile<T, V, ThreeOf<T, V, TwoOf<T, V, TRow>>>(depth, a, b, bStep, to, ahead);
        else
            Tile<T, V, TwoOf<T, V, TwoOf<T, V, TRow>>>(depth, a, b, bStep, to, ahead);
    }

    // AVX-512 and Arm have 32 vector registers, AVX2 and SSE 16.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HasManyRegisters<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> =>
        typeof(V) == typeof(Simd512<T>) || (typeof(V) == typeof(Simd128<T>) && System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<T, V, TTile>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TTile : struct, ITileRows<T, V>
    {
        if (a.RowStride == 1 && a.ColumnStride == TTile.Rows)
            Stream<T, V, TTile, PackedPanel<T, V, TTile>>(depth, a, b, bStep, to, ahead);
        else if (a.ColumnStride == 1)
            Stream<T, V, TTile, RowsInMemory>(depth, a, b, bStep, to, ahead);
        else
            Stream<T, V, TTile, AnyPanel>(depth, a, b, bStep, to, ahead);
    }

    // Alone in its method: beside other code the JIT keeps the sums on the stack. And not to begin with unoptimised code, which has them there, too.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Stream<T, V, TTile, TPanel>(int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to, in Ahead ahead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TTile : struct, ITileRows<T, V>
        where TPanel : struct, IPanelLayout
    {
        // In bytes, as instructions have them: what the loop adds up would be multiplied there otherwise.
        nint row = TPanel.RowStride(a.RowStride) * sizeof(T), step = TPanel.StepStride(a.ColumnStride) * sizeof(T), bBytes = bStep * sizeof(T);
        byte* column = (byte*)a.Pointer;
        byte* rowOfB = (byte*)b;
        byte* fetched = ahead.Line;
        nint fetchedStep = ahead.Step;
        TTile tile = default;
        for (; depth >= 2; depth -= 2)
        {
            Fetch<T, V>(fetched);
            tile.Add(column, row, 0, V.Load((T*)rowOfB), Right<T, V, TTile>(rowOfB));
            Fetch<T, V>(fetched + fetchedStep);
            tile.Add(column, row, step, V.Load((T*)(rowOfB + bBytes)), Right<T, V, TTile>(rowOfB + bBytes));
            column += 2 * step;
            rowOfB += 2 * bBytes;
            fetched += 2 * fetchedStep;
        }

        if (depth > 0)
            tile.Add(column, row, 0, V.Load((T*)rowOfB), Right<T, V, TTile>(rowOfB));

        tile.Finish(to.Pointer, to);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Right<T, V, TTile>(byte* rowOfB)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TTile : struct, ITileRows<T, V> => TTile.AreWide ? V.Load((T*)rowOfB + V.Count) : default;

    /// <summary>The lines of one step, as many as a row of a tile has: the multiplications leave room for that, while a pass of its own would wait.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch<T, V>(byte* line)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        Cache.Prefetch(line);
        if (Ahead.LinesOfStep<T, V>() > 1)
            Cache.Prefetch(line + Cache.LineBytes);
    }
}
