using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>How a product of rows with a weight matrix is cut into tasks: blocks of rows and columns, those of the same columns in a row.</summary>
internal readonly struct ProductPartition
{
    /// <summary>
    /// Elements of a row that are multiplied before the next row's turn: six rows of X and four of W, so long, stream from the first two
    /// caches.
    /// </summary>
    public const int Depth = 1024;

    private const int TileRows = 6;

    // Weights in a task, at the least: half a megabyte of floats comes from memory in some twenty microseconds. Each further pair of rows does as
    // much with them again, so that a task of many rows has enough with fewer; every result is one accumulator, however columns are cut.
    private const int Weights = 131_072;

    private readonly int _rows;
    private readonly int _columns;
    private readonly int _rowsOfTask;
    private readonly int _columnsOfTask;
    private readonly int _rowTasks;

    /// <summary>Cuts a product.</summary>
    /// <param name="rows">Rows of X.</param>
    /// <param name="columns">Rows of W.</param>
    /// <param name="depth">The length of both.</param>
    /// <param name="together">Columns that are not separated.</param>
    public ProductPartition(int rows, int columns, int depth, int together)
    {
        (_rows, _columns) = (rows, columns);

        // With Depth floats each, rows of X fill at most three eighths of the second-level cache: 96 of them with 1 MB.
        int mostRows = Math.Max(SecondLevelCache.OfThisMachine.Bytes / 8 * 3 / (Depth * sizeof(float)) / TileRows * TileRows, TileRows);
        _rowTasks = (rows + mostRows - 1) / mostRows;
        _rowsOfTask = RoundUp((rows + _rowTasks - 1) / Math.Max(1, _rowTasks), TileRows);
        _columnsOfTask = RoundUp(Math.Max(32, Weights / Math.Max(1, rows / 2) / Math.Max(1, depth)), together);
        Tasks = _rowTasks * ((columns + _columnsOfTask - 1) / _columnsOfTask);
    }

    public int Tasks { get; }

    public (int Row, int Rows, int Column, int Columns) Task(int index)
    {
        (int columnTask, int rowTask) = Math.DivRem(index, _rowTasks);
        int row = rowTask * _rowsOfTask, column = columnTask * _columnsOfTask;
        return (row, Math.Clamp(_rows - row, 0, _rowsOfTask), column, Math.Min(_columnsOfTask, _columns - column));
    }

    private static int RoundUp(int size, int multiple) => (size + multiple - 1) / multiple * multiple;
}
