using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// How a product of [M, K] by [K, N] is cut into tasks: blocks of C that are computed alone, each from its own rows of A and columns of B.
/// The cut depends on the sizes and the machine's cache, not on threads, and never goes through K: results have the same bits however it is made.
/// </summary>
/// <remarks>
/// The table of block sizes, each with its reason (32 KB or more of first-level cache):
/// <list type="table">
/// <item><term><see cref="Depth"/>, 512</term><description>the tile's panel of A (12 rows, 24 KB) stays in the L1 cache while columns of B
/// stream past it; deeper, C would be written less often, but it already takes under a twentieth of the time.</description></item>
/// <item><term><see cref="MostColumnsAtFullDepth"/>, 2048</term><description>rows are packed, where they have to be, once for so many columns of
/// a task; within it <see cref="GemmBlock"/> goes by blocks for the machine's second-level cache.</description></item>
/// <item><term><see cref="ColumnsOfFewRows"/></term><description>where each column of B serves one task alone, that task packs it: half
/// of a second-level cache at the full depth, 256 floats with 1 MB.</description></item>
/// <item><term><see cref="FewTasks"/>, 16</term><description>no more tasks on top of each other than so many in all, or as their blocks of C take
/// to fit the second-level cache: each reads its columns of B anew from a farther cache.</description></item>
/// <item><term><see cref="WorkOfTask"/>, a million multiply-adds</term><description>ten microseconds, many times what handing out a task costs.</description></item>
/// <item><term><see cref="WorkOfRowTask"/>, 131072</term><description>for a single row, each element of B counts once: half a megabyte
/// takes ten microseconds to read from memory.</description></item>
/// <item><term><see cref="ColumnsOfLargeMatrix"/>, 4096</term><description>where a single row meets a matrix that no cache holds (over
/// <see cref="LargeMatrix"/> elements), rows are read in stretches of 16 KB: at each stretch's beginning memory has to be found anew.</description></item>
/// <item><term><see cref="FewestRows"/>, 48</term><description>four full tiles; fewer rows would give no better balance.</description></item>
/// <item><term>powers of two</term><description>as many tasks on top of each other as divide evenly among 2, 4, 8… threads: with 11 tasks of
/// equal size, two threads finish a tenth later than with 8.</description></item>
/// </list>
/// </remarks>
internal readonly struct GemmPartition
{
    /// <summary>Steps of K between writing C.</summary>
    public const int Depth = 512;

    private const int MostColumnsAtFullDepth = 2048;
    private const int FewTasks = 16;
    private const int ColumnsOfRow = 256;
    private const long WorkOfTask = 1 << 20;
    private const long WorkOfRowTask = 1 << 17;
    private const long LargeMatrix = 8 << 20;
    private const int ColumnsOfLargeMatrix = 4096;
    private const int FewestRows = 48;

    // Whole tiles, of either height, at every vector width and in both precisions.
    private const int TileRows = 4;
    private const int TileColumns = 32;

    /// <summary>Cuts a product.</summary>
    /// <param name="rows">M.</param>
    /// <param name="columns">N.</param>
    /// <param name="depth">K.</param>
    /// <param name="elementBytes">The size of an element.</param>
    public GemmPartition(int rows, int columns, int depth, int elementBytes)
    {
        if (rows == 1)
        {
            int fewest = (long)columns * depth > LargeMatrix ? ColumnsOfLargeMatrix : ColumnsOfRow;
            ColumnsOfTask = EvenPart(columns, PowerOfTwo(Math.Min(columns / fewest, (long)columns * depth / WorkOfRowTask)), TileColumns);
        }
        else
        {
            int most = rows < 2 * FewestRows ? ColumnsOfFewRows(elementBytes) : MostColumnsAtFullDepth * Depth / Math.Clamp(depth, 1, Depth);
            ColumnsOfTask = EvenPart(columns, (columns + most - 1) / most, TileColumns);
        }

        ColumnTasks = (columns + ColumnsOfTask - 1) / ColumnsOfTask;
        long blockBytes = (long)rows * ColumnsOfTask * elementBytes;
        long wanted = Math.Max(FewTasks / ColumnTasks, blockBytes / SecondLevelCache.OfThisMachine.Bytes);
        long parts = Math.Min(Math.Min(rows / FewestRows, (long)rows * ColumnsOfTask * depth / WorkOfTask), wanted);
        RowsOfTask = EvenPart(rows, PowerOfTwo(parts), TileRows);
        RowTasks = (rows + RowsOfTask - 1) / RowsOfTask;
    }

    /// <summary>Rows of C in a task; the last one may have fewer.</summary>
    public int RowsOfTask { get; }

    /// <summary>Columns of C in a task; the last one may have fewer.</summary>
    public int ColumnsOfTask { get; }

    /// <summary>Tasks on top of each other.</summary>
    public int RowTasks { get; }

    /// <summary>Tasks side by side.</summary>
    public int ColumnTasks { get; }

    /// <summary>Tasks in all.</summary>
    public int Tasks => RowTasks * ColumnTasks;

    /// <summary>Whether a row of B is whole tiles, so that tiles can be read where they lie.</summary>
    public static bool HasWholeTiles(int columns) => columns % TileColumns == 0;

    private static int ColumnsOfFewRows(int elementBytes) => Math.Max(TileColumns, SecondLevelCache.OfThisMachine.Bytes / 2 / elementBytes / Depth);

    /// <summary>Rounds down to a power of two, at least 1.</summary>
    private static int PowerOfTwo(long size) => 1 << BitOperations.Log2((uint)Math.Max(size, 1));

    /// <summary>The size of a number of equal parts, rounded up to whole tiles.</summary>
    private static int EvenPart(int size, int parts, int tile) => ((size + parts - 1) / parts + tile - 1) / tile * tile;
}
