using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A block of C over one stretch of the inner dimension: all its tiles, a panel of rows at a time.</summary>
internal static unsafe class GemmBlock
{
    // Panels of A packed in one go: where rows are neighbours in memory, whole cache lines are read, not twelve elements of each.
    private const int PanelsAtOnce = 8;

    /// <summary>Multiplies <paramref name="a"/> [rows, depth] with packed columns of B.</summary>
    /// <param name="a">The rows of A.</param>
    /// <param name="packedB">Panels of <see cref="Microkernel.Columns{T, V}"/> lanes, made by <see cref="Packing"/>.</param>
    /// <param name="packedDepth">Steps that each panel was packed with: at least <paramref name="depth"/>.</param>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="depth">Steps to multiply.</param>
    /// <param name="to">C.</param>
    public static void Run<T, V>(Operand<T> a, T* packedB, int packedDepth, int rows, int columns, int depth, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> =>
        Run<T, V>(a, new Operand<T>(packedB, Microkernel.Columns<T, V>(), packedDepth), rows, columns, depth, to);

    /// <summary>Multiplies <paramref name="a"/> [rows, depth] with columns of B.</summary>
    /// <param name="a">Rows that run along memory, or lie side by side, are mostly read where they lie, others packed panel by panel.</param>
    /// <param name="b">
    /// Columns of whole tiles, which lie side by side: from one step to the next by its row stride, and from one tile to the next by its
    /// column stride times the columns of a tile.
    /// </param>
    /// <param name="rows">Rows of C.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="depth">Steps to multiply.</param>
    /// <param name="to">C.</param>
    public static void Run<T, V>(Operand<T> a, Operand<T> b, int rows, int columns, int depth, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int tileColumns = Microkernel.Columns<T, V>();
        T* packedA = Scratch.Get<T>(Scratch.Slot.PackedA, (long)PanelsAtOnce * Microkernel.Rows<T, V>() * depth);
        T* edge = Scratch.Get<T>(Scratch.Slot.Tile, (long)Microkernel.Rows<T, V>() * tileColumns);
        int packedRow = 0, packedEnd = 0;
        for (int row = 0, tileRows; row < rows; row += tileRows)
        {
            tileRows = Microkernel.Rows<T, V>(rows - row);
            int height = Math.Min(tileRows, rows - row);
            Operand<T> panel = a.From(row, 0);
            bool packed = height < tileRows || NeedsPacking(panel, columns);
            if (packed)
            {
                if (row >= packedEnd)
                {
                    packedRow = row;
                    packedEnd = row + EqualPanels<T, V>(tileRows, rows - row) * tileRows;
                    Packing.Pack<T, V>(panel, Math.Min(packedEnd, rows) - row, depth, tileRows, packedA);
                }

                panel = new Operand<T>(packedA + (nint)(row - packedRow) * depth, 1, tileRows);
            }

            for (int column = 0; column < columns; column += tileColumns)
            {
                int width = Math.Min(tileColumns, columns - column);
                T* tileB = b.Pointer + column * b.ColumnStride;
                Destination<T> tile = to.From(row, column);
                bool first = row == 0 && b.ColumnStride == 1, last = column + tileColumns >= columns;
                Ahead ahead = first && !last ? new Ahead(tileB + tileColumns, b.RowStride * sizeof(T))
                    : !packed && row + tileRows < rows && (first ? last : column == 0) ? NextPanel(panel, tileRows, depth)
                    : new Ahead(tileB, 0);
                if (height == tileRows && width == tileColumns)
                {
                    Fetch<T, V>(tile, tileRows);
                    Microkernel.Run<T, V>(tileRows, depth, panel, tileB, b.RowStride, tile, ahead);
                }
                else
                {
                    Microkernel.Run<T, V>(tileRows, depth, panel, tileB, b.RowStride, new Destination<T>(edge, tileColumns, false, null), ahead);
                    CopyEdge(edge, tileColumns, height, width, tile);
                }
            }
        }
    }

    /// <summary>The rows below a panel, if they are one stretch of memory or lie side by side.</summary>
    private static Ahead NextPanel<T>(in Operand<T> panel, int tileRows, int depth)
        where T : unmanaged =>
        panel.RowStride == 1 ? new Ahead(panel.Pointer + tileRows, panel.ColumnStride * sizeof(T))
        : panel.RowStride == depth ? new Ahead(panel.Pointer + tileRows * panel.RowStride, 2 * Cache.LineBytes)
        : new Ahead(panel.Pointer, 0);

    /// <summary>Fetches a tile of C, whose rows lie apart: it arrives while its product is computed.</summary>
    private static void Fetch<T, V>(in Destination<T> tile, int tileRows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        T* row = tile.Pointer;
        for (int i = 0; i < tileRows; i++, row += tile.RowStride)
        {
            Cache.Prefetch(row);
            Cache.Prefetch(row + V.Count);
        }
    }

    /// <summary>How many tiles of the same height follow each other from here, at most <see cref="PanelsAtOnce"/>.</summary>
    private static int EqualPanels<T, V>(int tileRows, int left)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int panels = 0;
        for (; panels < PanelsAtOnce && left > 0 && Microkernel.Rows<T, V>(left) == tileRows; left -= tileRows)
            panels++;

        return panels;
    }

    /// <summary>
    /// Whether a panel's rows are better packed than read where they lie. Rows a multiple of a page apart are, where there are columns
    /// enough to make up for it: their elements all fall into the same few sets of the L1 cache and push each other out. Rows that are
    /// neighbours in memory come from the L2 cache, a line or two a step, which costs less than packing for up to a thousand columns.
    /// </summary>
    private static bool NeedsPacking<T>(in Operand<T> panel, int columns)
        where T : unmanaged => panel.RowStride == 1 && panel.ColumnStride != 1
            ? columns > 1024 || panel.ColumnStride * sizeof(T) % 4096 == 0
            : panel.ColumnStride != 1 || (panel.RowStride * sizeof(T) % 4096 == 0 && columns >= 96);

    private static void CopyEdge<T>(T* edge, int edgeStride, int height, int width, in Destination<T> tile)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = 0; row < height; row++)
        {
            T* from = edge + row * edgeStride;
            T* to = tile.Pointer + row * tile.RowStride;
            for (int column = 0; column < width; column++)
            {
                T value = tile.Bias is null ? from[column] : from[column] + tile.Bias[column];
                to[column] = tile.Accumulate ? to[column] + value : value;
            }
        }
    }
}
