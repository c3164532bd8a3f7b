namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// How a product of [M, K] by [K, N] is cut into tasks: blocks of C that are computed alone, each from its own rows of A and columns of B.
/// The cut depends on the sizes and on nothing else, and never goes through K, so that results do not depend on who computes what.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><see cref="Depth"/>: a packed block of B, Depth by <see cref="MostColumns"/> floats, takes 512 KB: half of an L2 cache of 1 MB.
/// The tile's panel of A (12 rows) stays in the L1 cache while the panels of B stream from L2.</item>
/// <item><see cref="WorkOfTask"/>: two million multiply-adds take tens of microseconds, many times what handing out a task costs, and
/// small products still give enough tasks to balance.</item>
/// </list>
/// </remarks>
internal readonly struct GemmPartition
{
    /// <summary>Steps of K between writing C.</summary>
    public const int Depth = 512;

    private const int MostColumns = 256;
    private const long WorkOfTask = 2_000_000;
    private const int FewestRows = 96;

    // Whole tiles at every vector width and in both precisions.
    private const int TileRows = 12;
    private const int TileColumns = 32;

    public GemmPartition(int rows, int columns, int depth)
    {
        ColumnsOfTask = EvenPart(columns, MostColumns, TileColumns);
        int most = rows;
        while ((long)most * ColumnsOfTask * depth > WorkOfTask && most > FewestRows)
        {
            most = (most + 1) / 2;
        }

        RowsOfTask = EvenPart(rows, Math.Max(most, 1), TileRows);
        RowTasks = (rows + RowsOfTask - 1) / RowsOfTask;
        ColumnTasks = (columns + ColumnsOfTask - 1) / ColumnsOfTask;
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

    /// <summary>The size of equal parts of at most <paramref name="most"/>, rounded up to whole tiles.</summary>
    private static int EvenPart(int size, int most, int tile)
    {
        int parts = Math.Max(1, (size + most - 1) / most);
        return RoundUp(Math.Max(1, (size + parts - 1) / parts), tile);
    }

    private static int RoundUp(int size, int tile) => (size + tile - 1) / tile * tile;
}
