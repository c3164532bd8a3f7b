using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A single row times a matrix, as in decoding token after token. Every element of the matrix is used once, so that its way from memory is
/// the cost: it is read in the order in which it lies, and nothing is packed.
/// </summary>
internal static unsafe class RowProduct
{
    private const int BytesOfLongRow = 16 * 1024;

    /// <summary>Multiplies the row <paramref name="a"/> [1, K] with <paramref name="b"/> [K, N].</summary>
    public static void Run<T, V>(Operand<T> a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (a.ColumnStride == 1 && b.RowStride == 1)
            DotProducts<T, V>(a.Pointer, b, depth, columns, to);
        else if (b.ColumnStride == 1)
            SumOfRows<T, V>(a, b, depth, columns, to);
        else
            PlainLoop(a, b, depth, columns, to);
    }

    /// <summary>
    /// Columns of B run along memory: each result is a dot product, one after the other, since memory is fastest read in one stream; but two
    /// at a time where the row of A and a column do not fit the L1 cache together, and the row would come from L2 for each.
    /// </summary>
    private static void DotProducts<T, V>(T* a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int column = 0;
        for (; column <= columns - 2 && (long)depth * sizeof(T) >= BytesOfLongRow; column += 2)
            TwoDotProducts<T, V>(a, b.From(0, column), depth, column, to);

        for (; column < columns; column++)
        {
            T* x = a;
            T* y = b.Pointer + column * b.ColumnStride;
            V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
            int left = depth;
            for (; left >= 4 * V.Count; left -= 4 * V.Count, x += 4 * V.Count, y += 4 * V.Count)
            {
                V.AddProduct(ref sum0, V.Load(x), V.Load(y));
                V.AddProduct(ref sum1, V.Load(x + V.Count), V.Load(y + V.Count));
                V.AddProduct(ref sum2, V.Load(x + 2 * V.Count), V.Load(y + 2 * V.Count));
                V.AddProduct(ref sum3, V.Load(x + 3 * V.Count), V.Load(y + 3 * V.Count));
            }

            for (; left >= V.Count; left -= V.Count, x += V.Count, y += V.Count)
                V.AddProduct(ref sum0, V.Load(x), V.Load(y));

            if (left > 0)
                V.AddProduct(ref sum1, V.Load(x, left), V.Load(y, left));

            Write(V.SumAcross((sum0 + sum1) + (sum2 + sum3)), column, to);
        }
    }

    private static void TwoDotProducts<T, V>(T* x, Operand<T> b, int depth, int column, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        T* y = b.Pointer;
        T* z = b.Pointer + b.ColumnStride;
        V y0 = V.Zero, y1 = V.Zero, z0 = V.Zero, z1 = V.Zero;
        int left = depth;
        for (; left >= 2 * V.Count; left -= 2 * V.Count, x += 2 * V.Count, y += 2 * V.Count, z += 2 * V.Count)
        {
            V x0 = V.Load(x), x1 = V.Load(x + V.Count);
            V.AddProduct(ref y0, x0, V.Load(y));
            V.AddProduct(ref y1, x1, V.Load(y + V.Count));
            V.AddProduct(ref z0, x0, V.Load(z));
            V.AddProduct(ref z1, x1, V.Load(z + V.Count));
        }

        for (int count; left > 0; left -= count, x += count, y += count, z += count)
        {
            count = Math.Min(left, V.Count);
            V rest = V.Load(x, count);
            V.AddProduct(ref y0, rest, V.Load(y, count));
            V.AddProduct(ref z0, rest, V.Load(z, count));
        }

        Write(V.SumAcross(y0 + y1), column, to);
        Write(V.SumAcross(z0 + z1), column + 1, to);
    }

    /// <summary>Rows of B run along memory: eight at a time are added to sums that stay in the nearest caches.</summary>
    private static void SumOfRows<T, V>(Operand<T> a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        T* sums = Scratch.Get<T>(Scratch.Slot.Tile, columns);
        new Span<T>(sums, columns).Clear();
        int k = 0;
        for (; k <= depth - 8; k += 8)
            AddEightRows<T, V>(a.From(0, k), b.From(k, 0), columns, sums);

        for (; k < depth; k++)
        {
            T* row = b.Pointer + k * b.RowStride;
            V factor = V.Broadcast(a.Pointer[k * a.ColumnStride]);
            for (int column = 0; column < columns; column += V.Count)
            {
                int count = Math.Min(V.Count, columns - column);
                V.MultiplyAdd(factor, V.Load(row + column, count), V.Load(sums + column, count)).Store(sums + column, count);
            }
        }

        for (int column = 0; column < columns; column++)
            Write(sums[column], column, to);
    }

    private static void AddEightRows<T, V>(Operand<T> a, Operand<T> b, int columns, T* sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V x0 = V.Broadcast(a.From(0, 0).Pointer[0]), x1 = V.Broadcast(a.From(0, 1).Pointer[0]);
        V x2 = V.Broadcast(a.From(0, 2).Pointer[0]), x3 = V.Broadcast(a.From(0, 3).Pointer[0]);
        V x4 = V.Broadcast(a.From(0, 4).Pointer[0]), x5 = V.Broadcast(a.From(0, 5).Pointer[0]);
        V x6 = V.Broadcast(a.From(0, 6).Pointer[0]), x7 = V.Broadcast(a.From(0, 7).Pointer[0]);
        T* row0 = b.Pointer;
        T* row1 = row0 + b.RowStride;
        T* row2 = row1 + b.RowStride;
        T* row3 = row2 + b.RowStride;
        T* row4 = row3 + b.RowStride;
        T* row5 = row4 + b.RowStride;
        T* row6 = row5 + b.RowStride;
        T* row7 = row6 + b.RowStride;
        int column = 0;
        for (; column <= columns - V.Count; column += V.Count)
        {
            V sum = V.MultiplyAdd(x0, V.Load(row0 + column), V.Load(sums + column));
            V.AddProduct(ref sum, x1, V.Load(row1 + column));
            V.AddProduct(ref sum, x2, V.Load(row2 + column));
            V.AddProduct(ref sum, x3, V.Load(row3 + column));
            V.AddProduct(ref sum, x4, V.Load(row4 + column));
            V.AddProduct(ref sum, x5, V.Load(row5 + column));
            V.AddProduct(ref sum, x6, V.Load(row6 + column));
            V.MultiplyAdd(x7, V.Load(row7 + column), sum).Store(sums + column);
        }

        if (column < columns)
        {
            int count = columns - column;
            V sum = V.MultiplyAdd(x0, V.Load(row0 + column, count), V.Load(sums + column, count));
            V.AddProduct(ref sum, x1, V.Load(row1 + column, count));
            V.AddProduct(ref sum, x2, V.Load(row2 + column, count));
            V.AddProduct(ref sum, x3, V.Load(row3 + column, count));
            V.AddProduct(ref sum, x4, V.Load(row4 + column, count));
            V.AddProduct(ref sum, x5, V.Load(row5 + column, count));
            V.AddProduct(ref sum, x6, V.Load(row6 + column, count));
            V.MultiplyAdd(x7, V.Load(row7 + column, count), sum).Store(sums + column, count);
        }
    }

    private static void PlainLoop<T>(Operand<T> a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int column = 0; column < columns; column++)
        {
            T sum = T.Zero;
            for (int k = 0; k < depth; k++)
                sum = T.MultiplyAddEstimate(a.Pointer[k * a.ColumnStride], b.From(k, column).Pointer[0], sum);

            Write(sum, column, to);
        }
    }

    private static void Write<T>(T sum, int column, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T value = to.Bias is null ? sum : sum + to.Bias[column];
        to.Pointer[column] = to.Accumulate ? to.Pointer[column] + value : value;
    }
}
