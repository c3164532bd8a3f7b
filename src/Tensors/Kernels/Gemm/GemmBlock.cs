using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A block of C over one stretch of the inner dimension: all its tiles, a panel of rows at a time.</summary>
internal static unsafe class GemmBlock
{
    private const int MostRowsPackedAtOnce = 96;
    private const int FewColumns = 96;

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
        (int rowsAtOnce, int columnsAtOnce) = AtOnce<T, V>(depth);
        int fewest = 2 * Microkernel.Rows<T, V>(); // the last rows, which lower tiles may share, stay together
        T* packedA = Scratch.Get<T>(Scratch.Slot.PackedA, (long)(Math.Min(rowsAtOnce, rows) + 2 * fewest) * depth);
        for (int start = 0, end; start < rows; start = end)
        {
            end = rows - start < rowsAtOnce + fewest ? rows : start + rowsAtOnce;
            PackPanels<T, V>(a, start, end, rows, columns, depth, packedA);
            for (int column = 0; column < columns; column += columnsAtOnce)
            {
                int width = Math.Min(columnsAtOnce, columns - column), next = column + width < columns ? column + width : 0;
                T* nextBlock = next > 0 || end < rows ? b.Pointer + next * b.ColumnStride : null;
                for (int row = start, panelIndex = 0, tileRows; row < end; row += tileRows, panelIndex++)
                {
                    tileRows = Microkernel.Rows<T, V>(rows - row);
                    bool packed = IsPacked<T, V>(a.From(row, 0), tileRows, rows - row, columns);
                    Operand<T> panel = packed ? new Operand<T>(packedA + (nint)(row - start) * depth, 1, tileRows) : a.From(row, 0);
                    var turn = new Turn(panelIndex, (end - start + tileRows - 1) / tileRows);
                    RunPanel<T, V>(panel, packed, b.From(0, column), row, rows, width, depth, to.From(row, column), nextBlock, turn);
                }
            }
        }
    }

    /// <summary>The panel <paramref name="Index"/> of <paramref name="Count"/>: each fetches its part of the block of columns that comes next.</summary>
    private readonly record struct Turn(int Index, int Count);

    /// <summary>One panel of rows times a block of columns.</summary>
    private static void RunPanel<T, V>(
        in Operand<T> panel, bool packed, in Operand<T> b, int row, int rows, int columns, int depth, in Destination<T> to, T* nextBlock, Turn turn)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int tileRows = Microkernel.Rows<T, V>(rows - row), tileColumns = Microkernel.Columns<T, V>();
        int height = Math.Min(tileRows, rows - row);
        T* edge = Scratch.Get<T>(Scratch.Slot.Tile, (long)tileRows * tileColumns);
        for (int column = 0; column < columns; column += tileColumns)
        {
            int width = Math.Min(tileColumns, columns - column);
            T* tileB = b.Pointer + column * b.ColumnStride;
            Destination<T> tile = to.From(0, column);
            bool first = row == 0 && b.ColumnStride == 1, last = column + tileColumns >= columns;
            Ahead ahead = first && !last ? new Ahead(tileB + tileColumns, b.RowStride * sizeof(T))
                : !packed && row + tileRows < rows && (first ? last : column == 0) ? NextPanel<T, V>(panel, tileRows, depth)
                : nextBlock is not null && column / tileColumns % turn.Count == turn.Index
                    ? new Ahead(nextBlock + column * b.ColumnStride, b.RowStride * sizeof(T))
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

    /// <summary>
    /// Rows of A and columns of B that pass over each other before the next ones: a quarter of the second-level cache each, so that there is room for
    /// the next columns, which are fetched meanwhile. Each panel of rows, in the first-level cache meanwhile, meets the columns there that the panel
    /// before it has met; a last-level cache that many cores share, or one that is far, could not feed the multiplications at their full rate.
    /// </summary>
    private static (int Rows, int Columns) AtOnce<T, V>(int depth)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int tileRows = Microkernel.Rows<T, V>(), tileColumns = Microkernel.Columns<T, V>();
        long lanes = SecondLevelCache.OfThisMachine.Bytes / sizeof(T) / Math.Max(1, depth);
        return (Math.Max(1, (int)(lanes / 4 / tileRows)) * tileRows, Math.Max(1, (int)(lanes / 4 / tileColumns)) * tileColumns);
    }

    /// <summary>Packs those panels of the rows from <paramref name="start"/> to <paramref name="end"/> that are not read where they lie.</summary>
    private static void PackPanels<T, V>(in Operand<T> a, int start, int end, int rows, int columns, int depth, T* packedA)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = start; row < end;)
        {
            int tileRows = Microkernel.Rows<T, V>(rows - row), next = row + tileRows;
            if (IsPacked<T, V>(a.From(row, 0), tileRows, rows - row, columns))
            {
                // Panels of one height in one go: where rows are neighbours in memory, whole cache lines are read, not twelve elements of each.
                while (next < end && Microkernel.Rows<T, V>(rows - next) == tileRows && next - row < MostRowsPackedAtOnce)
                    next += tileRows;

                Packing.Pack<T, V>(a.From(row, 0), Math.Min(next, rows) - row, depth, tileRows, packedA + (nint)(row - start) * depth);
            }

            row = next;
        }
    }

    private static bool IsPacked<T, V>(in Operand<T> panel, int tileRows, int left, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => left < tileRows || NeedsPacking<T, V>(panel, columns);

    /// <summary>The rows below a panel, if they are one stretch of memory or lie side by side.</summary>
    private static Ahead NextPanel<T, V>(in Operand<T> panel, int tileRows, int depth)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> =>
        panel.RowStride == 1 ? new Ahead(panel.Pointer + tileRows, panel.ColumnStride * sizeof(T))
        : panel.RowStride == depth ? new Ahead(panel.Pointer + tileRows * panel.RowStride, Ahead.LinesOfStep<T, V>() * Cache.LineBytes)
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

    /// <summary>
    /// Whether a panel's rows are better packed than read where they lie. Rows a multiple of a page apart are, where there are columns
    /// enough to make up for it: their elements all fall into the same few sets of the L1 cache and push each other out. Rows that are
    /// neighbours in memory come from the L2 cache, a line or two a step, which costs less than packing for up to a thousand columns, unless a tile
    /// is so low that it uses a third of each line.
    /// </summary>
    private static bool NeedsPacking<T, V>(in Operand<T> panel, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => panel.RowStride == 1 && panel.ColumnStride != 1
            ? columns > (Ahead.LinesOfStep<T, V>() > 1 ? 1024 : FewColumns) || panel.ColumnStride * sizeof(T) % 4096 == 0
            : panel.ColumnStride != 1 || (panel.RowStride * sizeof(T) % 4096 == 0 && columns >= FewColumns);

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
