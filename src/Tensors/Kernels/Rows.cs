using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Reductions of rows in memory. Several accumulators, because an addition takes four cycles but one may start in each.</summary>
/// <remarks>Never inlined, so that each has to itself what the JIT is willing to inline into one method.</remarks>
internal static unsafe class Rows
{
    /// <summary>The sum of the elements.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T Sum<V, T>(T* x, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        int i = 0;
        for (; i <= count - 4 * V.Count; i += 4 * V.Count)
        {
            sum0 += V.Load(x + i);
            sum1 += V.Load(x + i + V.Count);
            sum2 += V.Load(x + i + 2 * V.Count);
            sum3 += V.Load(x + i + 3 * V.Count);
        }

        for (; i <= count - V.Count; i += V.Count)
            sum0 += V.Load(x + i);

        if (i < count)
            sum1 += V.Load(x + i, count - i);

        return V.SumAcross(sum0 + sum1 + (sum2 + sum3));
    }

    /// <summary>The sum of the products of two rows.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T Dot<V, T>(T* a, T* b, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        int i = 0;
        for (; i <= count - 4 * V.Count; i += 4 * V.Count)
        {
            V.AddProduct(ref sum0, V.Load(a + i), V.Load(b + i));
            V.AddProduct(ref sum1, V.Load(a + i + V.Count), V.Load(b + i + V.Count));
            V.AddProduct(ref sum2, V.Load(a + i + 2 * V.Count), V.Load(b + i + 2 * V.Count));
            V.AddProduct(ref sum3, V.Load(a + i + 3 * V.Count), V.Load(b + i + 3 * V.Count));
        }

        for (; i <= count - V.Count; i += V.Count)
            V.AddProduct(ref sum0, V.Load(a + i), V.Load(b + i));

        if (i < count)
            V.AddProduct(ref sum1, V.Load(a + i, count - i), V.Load(b + i, count - i));

        return V.SumAcross(sum0 + sum1 + (sum2 + sum3));
    }

    /// <summary>The greatest element, NaN if there is one; -infinity for an empty row.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T Max<V, T>(T* x, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V lowest = V.Broadcast(T.NegativeInfinity);
        V max0 = lowest, max1 = lowest;
        int i = 0;
        for (; i <= count - 2 * V.Count; i += 2 * V.Count)
        {
            max0 = V.Max(max0, V.Load(x + i));
            max1 = V.Max(max1, V.Load(x + i + V.Count));
        }

        for (; i <= count - V.Count; i += V.Count)
            max0 = V.Max(max0, V.Load(x + i));

        if (i < count)
            max1 = V.Max(max1, V.Select(V.MaskOfFirst(count - i), V.Load(x + i, count - i), lowest));

        return V.MaxAcross(V.Max(max0, max1));
    }

    /// <summary>The sum of (x_i - center)².</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T SquaredDistance<V, T>(T* x, T center, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V origin = V.Broadcast(center);
        V sum0 = V.Zero, sum1 = V.Zero;
        int i = 0;
        for (; i <= count - 2 * V.Count; i += 2 * V.Count)
        {
            V distance0 = V.Load(x + i) - origin;
            V distance1 = V.Load(x + i + V.Count) - origin;
            V.AddProduct(ref sum0, distance0, distance0);
            V.AddProduct(ref sum1, distance1, distance1);
        }

        for (; i < count; i += V.Count)
        {
            int rest = Math.Min(V.Count, count - i);
            V distance = V.Select(V.MaskOfFirst(rest), V.Load(x + i, rest) - origin, V.Zero);
            V.AddProduct(ref sum0, distance, distance);
        }

        return V.SumAcross(sum0 + sum1);
    }

    /// <summary>The sum of e^(x_i - shift); the terms are written to y, which may be x, unless it is null.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static T SumExp<V, T>(T* x, T shift, T* y, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // A block's sum is added up on its own: one long chain of additions would cost a large vocabulary its last digits.
        const int Block = 1024;
        V offset = V.Broadcast(shift);
        V total = V.Zero;
        for (int i = 0; i < count; i += Block)
        {
            int end = Math.Min(count, i + Block);
            V sum = V.Zero;
            for (int j = i; j < end; j += V.Count)
            {
                int width = Math.Min(V.Count, end - j);
                V term = SimdMath.Exp<V, T>(V.Load(x + j, width) - offset);
                sum += width == V.Count ? term : V.Select(V.MaskOfFirst(width), term, V.Zero);
                if (y is not null)
                    term.Store(y + j, width);
            }

            total += sum;
        }

        return V.SumAcross(total);
    }

    /// <summary>Adds up rows that lie <paramref name="stride"/> elements apart; the sum is added to y or written over it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SumColumns<V, T>(T* x, int rows, long stride, int columns, T* y, bool accumulate)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int column = 0;
        for (; column <= columns - 4 * V.Count; column += 4 * V.Count)
        {
            V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
            T* row = x + column;
            for (int r = 0; r < rows; r++, row += stride)
            {
                sum0 += V.Load(row);
                sum1 += V.Load(row + V.Count);
                sum2 += V.Load(row + 2 * V.Count);
                sum3 += V.Load(row + 3 * V.Count);
            }

            Put(sum0, y + column, V.Count, accumulate);
            Put(sum1, y + column + V.Count, V.Count, accumulate);
            Put(sum2, y + column + 2 * V.Count, V.Count, accumulate);
            Put(sum3, y + column + 3 * V.Count, V.Count, accumulate);
        }

        for (; column < columns; column += V.Count)
        {
            int width = Math.Min(V.Count, columns - column);
            V sum = V.Zero;
            T* row = x + column;
            for (int r = 0; r < rows; r++, row += stride)
                sum += V.Load(row, width);

            Put(sum, y + column, width, accumulate);
        }

        static void Put(V sum, T* y, int width, bool accumulate) =>
            (accumulate ? V.Load(y, width) + sum : sum).Store(y, width);
    }
}
