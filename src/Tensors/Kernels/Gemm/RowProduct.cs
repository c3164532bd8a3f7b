using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A single row times a matrix, as in decoding token after token. Every element of the matrix is used once, so that its way from memory is
/// the cost: it is read in the order in which it lies, and nothing is packed.
/// </summary>
internal static unsafe class RowProduct
{
    /// <summary>Multiplies the row <paramref name="a"/> [1, K] with <paramref name="b"/> [K, N].</summary>
    public static void Run<T, V>(Operand<T> a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (a.ColumnStride == 1 && b.RowStride == 1)
        {
            DotProducts<T, V>(a.Pointer, b, depth, columns, to);
        }
        else if (b.ColumnStride == 1)
        {
            SumOfRows<T, V>(a, b, depth, columns, to);
        }
        else
        {
            PlainLoop(a, b, depth, columns, to);
        }
    }

    /// <summary>Columns of B run along memory: each result is a dot product; four at a time share the loads of the row.</summary>
    private static void DotProducts<T, V>(T* a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int column = 0;
        for (; column <= columns - 4; column += 4)
        {
            T* b0 = b.Pointer + column * b.ColumnStride;
            T* b1 = b0 + b.ColumnStride;
            T* b2 = b1 + b.ColumnStride;
            T* b3 = b2 + b.ColumnStride;
            V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
            int k = 0;
            for (; k <= depth - V.Count; k += V.Count)
            {
                V x = V.Load(a + k);
                sum0 = V.MultiplyAdd(x, V.Load(b0 + k), sum0);
                sum1 = V.MultiplyAdd(x, V.Load(b1 + k), sum1);
                sum2 = V.MultiplyAdd(x, V.Load(b2 + k), sum2);
                sum3 = V.MultiplyAdd(x, V.Load(b3 + k), sum3);
            }

            if (k < depth)
            {
                V x = V.Load(a + k, depth - k);
                sum0 = V.MultiplyAdd(x, V.Load(b0 + k, depth - k), sum0);
                sum1 = V.MultiplyAdd(x, V.Load(b1 + k, depth - k), sum1);
                sum2 = V.MultiplyAdd(x, V.Load(b2 + k, depth - k), sum2);
                sum3 = V.MultiplyAdd(x, V.Load(b3 + k, depth - k), sum3);
            }

            Write(V.SumAcross(sum0), column, to);
            Write(V.SumAcross(sum1), column + 1, to);
            Write(V.SumAcross(sum2), column + 2, to);
            Write(V.SumAcross(sum3), column + 3, to);
        }

        for (; column < columns; column++)
        {
            T* b0 = b.Pointer + column * b.ColumnStride;
            V sum = V.Zero;
            for (int k = 0; k < depth; k += V.Count)
            {
                int count = Math.Min(V.Count, depth - k);
                sum = count == V.Count
                    ? V.MultiplyAdd(V.Load(a + k), V.Load(b0 + k), sum)
                    : V.MultiplyAdd(V.Load(a + k, count), V.Load(b0 + k, count), sum);
            }

            Write(V.SumAcross(sum), column, to);
        }
    }

    /// <summary>Rows of B run along memory: they are added up, a strip of four vectors of columns at a time.</summary>
    private static void SumOfRows<T, V>(Operand<T> a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int column = 0;
        T* strip = stackalloc T[4 * V.Count];
        for (; column <= columns - 4 * V.Count; column += 4 * V.Count)
        {
            V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
            T* row = b.Pointer + column;
            T* x = a.Pointer;
            for (int k = 0; k < depth; k++, row += b.RowStride, x += a.ColumnStride)
            {
                V factor = V.Broadcast(*x);
                sum0 = V.MultiplyAdd(factor, V.Load(row), sum0);
                sum1 = V.MultiplyAdd(factor, V.Load(row + V.Count), sum1);
                sum2 = V.MultiplyAdd(factor, V.Load(row + 2 * V.Count), sum2);
                sum3 = V.MultiplyAdd(factor, V.Load(row + 3 * V.Count), sum3);
            }

            sum0.Store(strip);
            sum1.Store(strip + V.Count);
            sum2.Store(strip + 2 * V.Count);
            sum3.Store(strip + 3 * V.Count);
            for (int i = 0; i < 4 * V.Count; i++)
            {
                Write(strip[i], column + i, to);
            }
        }

        for (; column < columns; column += V.Count)
        {
            int count = Math.Min(V.Count, columns - column);
            V sum = V.Zero;
            for (int k = 0; k < depth; k++)
            {
                T* row = b.Pointer + k * b.RowStride + column;
                V factor = V.Broadcast(a.Pointer[k * a.ColumnStride]);
                sum = V.MultiplyAdd(factor, count == V.Count ? V.Load(row) : V.Load(row, count), sum);
            }

            sum.Store(strip);
            for (int i = 0; i < count; i++)
            {
                Write(strip[i], column + i, to);
            }
        }
    }

    private static void PlainLoop<T>(Operand<T> a, Operand<T> b, int depth, int columns, Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int column = 0; column < columns; column++)
        {
            T sum = T.Zero;
            for (int k = 0; k < depth; k++)
            {
                sum = T.MultiplyAddEstimate(a.Pointer[k * a.ColumnStride], b.From(k, column).Pointer[0], sum);
            }

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
