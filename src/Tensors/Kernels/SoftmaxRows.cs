using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>The passes of <see cref="Softmax"/> over rows that lie side by side.</summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>The greatest element of each row; NaN if one is NaN and none is greater.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Maxima<V, T>(T* x, int rows, int columns, T* maxima)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = 0; row < rows; row++, x += columns)
        {
            maxima[row] = Max<V, T>(x, columns);
        }
    }

    /// <summary>Writes e^(x - max) of each row divided by its sum; zeros where all elements are -infinity.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Divide<V, T>(T* x, T* y, int rows, int columns, T* maxima)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = 0; row < rows; row++, x += columns, y += columns)
        {
            V factor = V.Broadcast(Inverse(Exponentials<V, T>(x, y, columns, maxima[row], null)));
            int i = 0;
            for (; i <= columns - V.Count; i += V.Count)
            {
                (V.Load(y + i) * factor).Store(y + i);
            }

            if (i < columns)
            {
                (V.Load(y + i, columns - i) * factor).Store(y + i, columns - i);
            }
        }
    }

    /// <summary>
    /// One row of many that come from memory and go there: its exponentials stay in the cache, the results are written past it, and the next
    /// row is fetched while the processor computes.
    /// </summary>
    /// <param name="x">The row.</param>
    /// <param name="y">Where its results go.</param>
    /// <param name="columns">Elements in a row, the next one included.</param>
    /// <param name="isLast">Whether there is no next row.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Stream<V, T>(T* x, T* y, int columns, bool isLast)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T* terms = Scratch.Get<T>(Scratch.Slot.Scores, columns);
        T sum = Exponentials<V, T>(x, terms, columns, Max<V, T>(x, columns), isLast ? null : x + columns);
        V factor = V.Broadcast(Inverse(sum));

        // Up to the first whole vector of memory, then vector after vector.
        int bytes = V.Count * sizeof(T), head = (int)(((ulong)bytes - (ulong)y % (ulong)bytes) % (ulong)bytes) / sizeof(T);
        if (head > 0)
        {
            (V.Load(terms) * factor).Store(y, head);
        }

        int i = head;
        for (; i <= columns - V.Count; i += V.Count)
        {
            (V.Load(terms + i) * factor).StoreStreaming(y + i);
        }

        if (i < columns)
        {
            (V.Load(terms + i, columns - i) * factor).Store(y + i, columns - i);
        }
    }

    // A row of nothing but -infinity has the sum 0, and zeros as its results.
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
            max0 = V.AtLeast(V.Select(V.MaskOfFirst(width), V.Load(x + i, width), lowest), max0);
        }

        // A NaN may be lost on the way, which does no harm: its exponential brings it back.
        return V.MaxAcross(V.AtLeast(max0, max1));
    }

    /// <summary>
    /// Writes e^(x - max) and returns the sum. Each stretch of columns is summed up on its own: one long chain of additions would cost a
    /// large vocabulary its last digits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T Exponentials<V, T>(T* x, T* y, int columns, T max, T* next)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Stretch = 1024;
        V shift = V.Broadcast(T.IsNegativeInfinity(max) ? T.Zero : max), log2OfE = SimdMath.Constant<V, T>(SimdMath.Log2OfE), total = V.Zero;
        int i = 0;
        while (i <= columns - V.Count)
        {
            int end = Math.Min(columns, i + Stretch);
            V sum = V.Zero;
            for (; i <= end - V.Count; i += V.Count)
            {
                if (next is not null)
                {
                    Cache.Prefetch(next + i);
                }

                V term = SimdMath.Exp2<V, T>((V.Load(x + i) - shift) * log2OfE);
                term.Store(y + i);
                sum += term;
            }

            total += sum;
        }

        if (i < columns)
        {
            int width = columns - i;
            V term = SimdMath.Exp2<V, T>((V.Load(x + i, width) - shift) * log2OfE);
            term.Store(y + i, width);
            total += V.Select(V.MaskOfFirst(width), term, V.Zero);
        }

        return V.SumAcross(total);
    }
}
