using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The matrix products of attention: one panel of rows, as high as the microkernel's tile, with whole tiles of columns. The buffers are attention's
/// own and have room for whole tiles, so that no edge needs a copy, and rows that the causal mask makes shorter need no more steps than that.
/// </summary>
internal static unsafe class AttentionProduct
{
    /// <summary>Multiplies a panel of <paramref name="height"/> rows with B.</summary>
    /// <param name="a">Rows to read where they lie: as many as the panel is high.</param>
    /// <param name="b">
    /// Columns of whole tiles, which lie side by side: from one step to the next by its row stride, and from one tile to the next by its
    /// column stride times the columns of a tile.
    /// </param>
    /// <param name="height">Rows of the panel, from <see cref="Microkernel.Rows{T, V}(int)"/>.</param>
    /// <param name="columns">Columns that are needed; <see cref="NarrowTile.Columns{T, V}"/> are computed.</param>
    /// <param name="depth">Steps to multiply.</param>
    /// <param name="c">The result, with room for whole tiles.</param>
    /// <param name="stride">From one row of it to the next.</param>
    /// <param name="accumulate">Whether to add to it.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Run<T, V>(
        Operand<T> a, Operand<T> b, int height, int columns, int depth, T* c, nint stride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int lanes = Microkernel.Columns<T, V>();
        for (int column = 0; column < columns; column += lanes)
        {
            T* tile = b.Pointer + column * b.ColumnStride;
            var to = new Destination<T>(c + column, stride, accumulate, null);
            if (NarrowTile.IsSupported<T, V>() && columns - column <= V.Count)
                NarrowTile.Run<T, V>(height, depth, a, tile, b.RowStride, to);
            else
                Microkernel.Run<T, V>(height, depth, a, tile, b.RowStride, to, new Ahead(tile, 0));
        }
    }

    /// <summary>
    /// The same for weights times rows. Where these hold NaN or infinity, a weight of zero takes nothing from its row, though 0 · NaN is
    /// NaN: what no weight reaches spoils nothing.
    /// </summary>
    /// <param name="finite">Whether all of B is finite.</param>
    /// <param name="a">The weights.</param>
    /// <param name="b">Rows that run along memory.</param>
    /// <param name="height">Rows of the panel.</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="depth">Rows of B.</param>
    /// <param name="c">The result, with room for whole tiles.</param>
    /// <param name="stride">From one row of it to the next.</param>
    /// <param name="accumulate">Whether to add to it.</param>
    public static void RunWeighted<T, V>(
        bool finite, Operand<T> a, Operand<T> b, int height, int columns, int depth, T* c, nint stride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (finite)
            Run<T, V>(a, b, height, columns, depth, c, stride, accumulate);
        else
            RunSparse<T, V>(a, b, height, columns, depth, c, stride, accumulate);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void RunSparse<T, V>(
        Operand<T> a, Operand<T> b, int height, int columns, int depth, T* c, nint stride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < height; row++, c += stride)
        {
            if (!accumulate)
                new Span<T>(c, columns).Clear();

            for (int step = 0; step < depth; step++)
            {
                T factor = *a.From(row, step).Pointer;
                if (T.IsZero(factor))
                    continue;

                V x = V.Broadcast(factor);
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V.MultiplyAdd(x, V.Load(b.From(step, i).Pointer, width), V.Load(c + i, width)).Store(c + i, width);
                }
            }
        }
    }
}
