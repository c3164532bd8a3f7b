using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>The passes of <see cref="Softmax"/> over rows that lie side by side.</summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>Rows whose maxima, and whose sums, are taken across vectors together.</summary>
    public const int RowsAtOnce = 4;

    // Columns whose terms are summed up on their own.
    private const int Stretch = 1024;

    // Numbers that memory is asked for ahead of their use: 4 KB in float.
    private const int Ahead = 1024;

    /// <summary>The greatest element of each row; NaN if all are NaN, and -infinity or NaN if some are and nothing else is there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Maxima<V, T>(T* x, int rows, int columns, T* maxima)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int row = 0;
        for (; row <= rows - RowsAtOnce; row += RowsAtOnce, x += (nint)RowsAtOnce * columns)
        {
            T* x1 = x + columns, x2 = x1 + columns, x3 = x2 + columns;
            V max0 = V.Broadcast(T.NegativeInfinity), max1 = max0, max2 = max0, max3 = max0;
            int i = 0;
            for (; i <= columns - V.Count; i += V.Count)
            {
                max0 = V.AtLeast(V.Load(x + i), max0);
                max1 = V.AtLeast(V.Load(x1 + i), max1);
                max2 = V.AtLeast(V.Load(x2 + i), max2);
                max3 = V.AtLeast(V.Load(x3 + i), max3);
            }

            if (i < columns)
            {
                int rest = columns - i;
                max0 = V.AtLeast(LoadLowest<V, T>(x + i, rest), max0);
                max1 = V.AtLeast(LoadLowest<V, T>(x1 + i, rest), max1);
                max2 = V.AtLeast(LoadLowest<V, T>(x2 + i, rest), max2);
                max3 = V.AtLeast(LoadLowest<V, T>(x3 + i, rest), max3);
            }

            V.StoreMaxima(max0, max1, max2, max3, maxima + row);
        }

        for (; row < rows; row++, x += columns)
            maxima[row] = Max<V, T>(x, columns);
    }

    /// <summary>Writes e^(x - max) of each row divided by its sum; zeros where all elements are -infinity.</summary>
    /// <param name="x">The first row.</param>
    /// <param name="y">Where the results go.</param>
    /// <param name="rows">Rows, one after the other.</param>
    /// <param name="columns">Elements in a row.</param>
    /// <param name="maxima">The maximum of each row.</param>
    /// <param name="sums">Room for a number a row, and <see cref="RowsAtOnce"/> more.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Divide<V, T>(T* x, T* y, int rows, int columns, T* maxima, T* sums)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Short rows in passes, so that none waits for its own sum; long ones while they are in the nearest cache.
        int together = columns <= Stretch ? rows : 1;
        for (int row = 0; row < rows; row += together, x += (nint)together * columns, y += (nint)together * columns)
        {
            Terms<V, T>(x, y, together, columns, maxima + row, sums + row);
            for (int i = 0; i < together; i++)
                Multiply<V, T>(y + (nint)i * columns, y + (nint)i * columns, columns, Inverse(sums[row + i]));
        }
    }

    /// <summary>Writes e^(x - max) of each row and its sum. However many rows there are, each gets the same bits.</summary>
    private static void Terms<V, T>(T* x, T* y, int rows, int columns, T* maxima, T* sums)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int whole = columns / V.Count * V.Count, row = 0;
        for (; row <= rows - RowsAtOnce; row += RowsAtOnce)
            TermsOfFour<V, T>(x + (nint)row * columns, y + (nint)row * columns, columns, whole, maxima + row, sums + row);

        for (; row < rows; row++)
        {
            V sum = Exponentials<V, T>(x + (nint)row * columns, y + (nint)row * columns, whole, maxima[row]);
            sums[row] = T.Zero;
            V.AddSums(sum, V.Zero, V.Zero, V.Zero, sums + row);
        }

        for (row = 0; row < rows && whole < columns; row++)
        {
            nint rest = (nint)row * columns + whole;
            sums[row] += V.SumAcross(Exponentials<V, T>(x + rest, y + rest, columns - whole, maxima[row]));
        }
    }

    /// <summary>The whole vectors of four rows.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void TermsOfFour<V, T>(T* x, T* y, int stride, int columns, T* maxima, T* sums)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T* x1 = x + stride, x2 = x1 + stride, x3 = x2 + stride, y1 = y + stride, y2 = y1 + stride, y3 = y2 + stride;
        V shift0 = Shift<V, T>(maxima[0]), shift1 = Shift<V, T>(maxima[1]), shift2 = Shift<V, T>(maxima[2]), shift3 = Shift<V, T>(maxima[3]);
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        for (int i = 0; i < columns; i += V.Count)
        {
            sum0 += Term<V, T>(x + i, y + i, shift0);
            sum1 += Term<V, T>(x1 + i, y1 + i, shift1);
            sum2 += Term<V, T>(x2 + i, y2 + i, shift2);
            sum3 += Term<V, T>(x3 + i, y3 + i, shift3);
        }

        new Span<T>(sums, RowsAtOnce).Clear();
        V.AddSums(sum0, sum1, sum2, sum3, sums);
    }

    /// <summary>
    /// Rows that come from memory and go there, so that memory is to read and to write while the processor computes: in one pass the
    /// exponentials of a row are taken, the results of the row before are written past the caches, and the next row is fetched and its
    /// maximum found.
    /// </summary>
    /// <param name="x">The first row.</param>
    /// <param name="y">Where its results go.</param>
    /// <param name="rows">Rows, one after the other.</param>
    /// <param name="columns">Elements in a row: at least two vectors.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Stream<V, T>(T* x, T* y, int rows, int columns)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T* terms = Scratch.Get<T>(Scratch.Slot.Scores, columns);
        T max = Max<V, T>(x, columns), inverse = T.Zero;
        for (int row = 0; row < rows; row++, x += columns, y += columns)
        {
            T* before = row == 0 ? null : y - columns, next = row + 1 == rows ? null : x + columns;
            inverse = Inverse(StreamRow<V, T>(x, terms, columns, ref max, before, inverse, next));
        }

        y -= columns;
        int first = Unaligned<V, T>(y), aligned = first + (columns - first) / V.Count * V.Count;
        Multiply<V, T>(terms, y, first, inverse);
        V factor = V.Broadcast(inverse);
        for (int i = first; i < aligned; i += V.Count)
            (V.Load(terms + i) * factor).StoreStreaming(y + i);

        Multiply<V, T>(terms + aligned, y + aligned, columns - aligned, inverse);
    }

    /// <summary>
    /// Writes e^(x - max) and returns the sum, as <see cref="Exponentials{V, T}"/> does; <paramref name="max"/> becomes the next row's.
    /// The terms of the row before are read ahead of where they are overwritten.
    /// </summary>
    private static T StreamRow<V, T>(T* x, T* terms, int columns, ref T max, T* before, T inverse, T* next)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Each vector of the row before lies behind the one of the same step.
        int first = before is null ? 0 : Unaligned<V, T>(before), last = columns - 2 * V.Count;
        if (before is not null)
            Multiply<V, T>(terms, before, first, inverse);

        V shift = Shift<V, T>(max), factor = V.Broadcast(inverse), greatest = V.Broadcast(T.NegativeInfinity), total = V.Zero;
        int i = 0;
        while (i <= last)
        {
            int end = Math.Min(last, i + Stretch - V.Count);
            V sum = V.Zero;
            for (; i <= end; i += V.Count)
            {
                if (next is not null)
                {
                    Cache.Prefetch(next + i + Ahead);
                    greatest = V.AtLeast(V.Load(next + i), greatest);
                }

                if (before is not null)
                    (V.Load(terms + first + i) * factor).StoreStreaming(before + first + i);

                sum += Term<V, T>(x + i, terms + i, shift);
            }

            total += sum;
        }

        // What is left of all three: at most two vectors.
        if (before is not null)
            Multiply<V, T>(terms + first + i, before + first + i, columns - first - i, inverse);

        total += Exponentials<V, T>(x + i, terms + i, columns - i, max);
        if (next is not null)
            max = V.MaxAcross(V.AtLeast(greatest, V.Broadcast(Max<V, T>(next + i, columns - i))));

        return V.SumAcross(total);
    }

    // From a place in memory to the next multiple of a vector's size.
    private static int Unaligned<V, T>(T* y)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (int)((0 - (ulong)y) % (ulong)(V.Count * sizeof(T))) / sizeof(T);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply<V, T>(T* x, T* y, int count, T factor)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V by = V.Broadcast(factor);
        int i = 0;
        for (; i <= count - V.Count; i += V.Count)
            (V.Load(x + i) * by).Store(y + i);

        if (i < count)
            (V.Load(x + i, count - i) * by).Store(y + i, count - i);
    }

    // A row of nothing but -infinity has the sum 0, and zeros as its results.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Inverse<T>(T sum)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => T.IsZero(sum) ? T.Zero : T.One / sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Max<V, T>(T* x, int columns)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V lowest = V.Broadcast(T.NegativeInfinity), max0 = lowest, max1 = lowest;
        int i = 0;
        for (; i <= columns - 2 * V.Count; i += 2 * V.Count)
        {
            max0 = V.AtLeast(V.Load(x + i), max0);
            max1 = V.AtLeast(V.Load(x + i + V.Count), max1);
        }

        for (; i < columns; i += V.Count)
        {
            int width = Math.Min(V.Count, columns - i);
            max0 = V.AtLeast(LoadLowest<V, T>(x + i, width), max0);
        }

        // A NaN may be lost on the way, which does no harm: its exponential brings it back.
        return V.MaxAcross(V.AtLeast(max0, max1));
    }

    /// <summary>
    /// Writes e^(x - max) and returns sums whose sum is the row's. Each stretch of columns is summed up on its own: one long chain of
    /// additions would cost a large vocabulary its last digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static V Exponentials<V, T>(T* x, T* y, int columns, T max)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V shift = Shift<V, T>(max), total = V.Zero;
        int i = 0;
        while (i <= columns - V.Count)
        {
            int end = Math.Min(columns, i + Stretch);
            V sum = V.Zero;
            for (; i <= end - V.Count; i += V.Count)
                sum += Term<V, T>(x + i, y + i, shift);

            total += sum;
        }

        return i < columns ? total + Term<V, T>(x + i, y + i, shift, columns - i) : total;
    }

    // A row of nothing but -infinity has no other number to subtract.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Shift<V, T>(T max)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => V.Broadcast(T.IsNegativeInfinity(max) ? T.Zero : max);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Term<V, T>(T* x, T* y, V shift)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V term = SimdMath.Exp2<V, T>((V.Load(x) - shift) * SimdMath.Constant<V, T>(SimdMath.Log2OfE));
        term.Store(y);
        return term;
    }

    /// <summary>The same for the last elements of a row; zeros behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Term<V, T>(T* x, T* y, V shift, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V term = SimdMath.Exp2<V, T>((V.Load(x, count) - shift) * SimdMath.Constant<V, T>(SimdMath.Log2OfE));
        term.Store(y, count);
        return V.Select(V.MaskOfFirst(count), term, V.Zero);
    }

    /// <summary>The last elements of a row; -infinity behind them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V LoadLowest<V, T>(T* x, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        V.Select(V.MaskOfFirst(count), V.Load(x, count), V.Broadcast(T.NegativeInfinity));
}
