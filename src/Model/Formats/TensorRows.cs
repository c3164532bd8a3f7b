namespace MiniGpt.Model.Formats;

/// <summary>The orders in which files have the rows and columns of a matrix.</summary>
internal static class TensorRows
{
    /// <summary>[rows, columns] to [columns, rows], in squares that stay in the nearest cache.</summary>
    public static void Transpose<T>(ReadOnlySpan<T> source, int columns, Span<T> destination)
    {
        const int square = 32;
        int rows = source.Length / columns;
        for (int top = 0; top < rows; top += square)
        {
            for (int left = 0; left < columns; left += square)
            {
                int right = Math.Min(left + square, columns);
                for (int row = top; row < Math.Min(top + square, rows); row++)
                {
                    for (int column = left; column < right; column++)
                        destination[column * rows + row] = source[row * columns + column];
                }
            }
        }
    }

    /// <summary>
    /// Where a row of queries or keys lies in a file that turns neighbours with each other: head by head, the numbers 0, D/2, 1, D/2 + 1, …
    /// </summary>
    /// <param name="row">The row in the model.</param>
    /// <param name="headSize">D.</param>
    public static int OfNeighbours(int row, int headSize)
    {
        (int head, int place) = Math.DivRem(row, headSize);
        (int half, int pair) = Math.DivRem(place, headSize / 2);
        return head * headSize + 2 * pair + half;
    }

    /// <summary>Copies rows in the order of the model to that of a file that turns neighbours, or back.</summary>
    /// <param name="source">[R, columns].</param>
    /// <param name="columns">How long a row is.</param>
    /// <param name="headSize">D: a divisor of R.</param>
    /// <param name="destination">[R, columns].</param>
    /// <param name="toFile">Whether the destination is the file's.</param>
    public static void SwapNeighbours<T>(ReadOnlySpan<T> source, int columns, int headSize, Span<T> destination, bool toFile)
    {
        for (int row = 0; row < source.Length / columns; row++)
        {
            int other = OfNeighbours(row, headSize);
            (int from, int to) = toFile ? (row, other) : (other, row);
            source.Slice(from * columns, columns).CopyTo(destination[(to * columns)..]);
        }
    }
}
