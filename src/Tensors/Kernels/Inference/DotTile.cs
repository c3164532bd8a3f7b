using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A tile of dot products: a few rows of X, each with four rows of a matrix W. Both run along memory as they lie, so that nothing is packed.
/// </summary>
/// <remarks>
/// Every result is one accumulator over the depth and one sum across it, whatever the tile around it: a row alone gets the bits that it
/// gets among others. That is what the panels of <see cref="Microkernel"/> cannot promise, whose products are added in another order than
/// those of <see cref="RowProduct"/>.
/// </remarks>
internal static unsafe class DotTile
{
    /// <summary>Rows of W in a tile.</summary>
    public const int Columns = 4;

    /// <summary>Adds the products of <paramref name="rows"/> rows of X with four rows of W to Y.</summary>
    public static void Run<T, V>(int rows, T* x, nint xStride, T* w, nint wStride, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int row = 0;
        if (Microkernel.HasManyRegisters<T, V>())
        {
            for (; row <= rows - 6; row += 6)
            {
                Rows6<T, V>(x + row * xStride, xStride, w, wStride, depth, y + row * yStride, yStride);
            }
        }

        for (; row <= rows - 2; row += 2)
        {
            Rows2<T, V>(x + row * xStride, xStride, w, wStride, depth, y + row * yStride, yStride);
        }

        if (row < rows)
        {
            Row1<T, V>(x + row * xStride, w, wStride, depth, y + row * yStride);
        }
    }

    /// <summary>Adds the products of <paramref name="rows"/> rows of X with a single row of W to Y.</summary>
    public static void RunColumn<T, V>(int rows, T* x, nint xStride, T* w, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        T* sums = stackalloc T[Columns];
        for (int row = 0; row < rows; row++)
        {
            sums[0] = y[row * yStride];
            Row1<T, V>(x + row * xStride, w, 0, depth, sums);
            y[row * yStride] = sums[0];
        }
    }

    // One row of W after the other, in the order in which they lie: memory, and the third cache too, deliver a single stream half again as
    // fast as four that alternate. The chains of additions of neighbouring rows overlap all the same.
    private static void Row1<T, V>(T* x, T* w, nint wStride, int depth, T* y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V sum0 = Dot<T, V>(x, w, depth);
        V sum1 = Dot<T, V>(x, w + wStride, depth);
        V sum2 = Dot<T, V>(x, w + 2 * wStride, depth);
        V sum3 = Dot<T, V>(x, w + 3 * wStride, depth);
        V.AddSums(sum0, sum1, sum2, sum3, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Dot<T, V>(T* x, T* w, int depth)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V sum = V.Zero;
        int k = 0;
        for (; k <= depth - V.Count; k += V.Count)
        {
            sum = V.MultiplyAdd(V.Load(x + k), V.Load(w + k), sum);
        }

        return k < depth ? V.MultiplyAdd(V.Load(x + k, depth - k), V.Load(w + k, depth - k), sum) : sum;
    }

    private static void Rows2<T, V>(T* x, nint xStride, T* w, nint wStride, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        T* x1 = x + xStride;
        V sum00 = Dot<T, V>(x, x1, w, depth, out V sum10);
        V sum01 = Dot<T, V>(x, x1, w + wStride, depth, out V sum11);
        V sum02 = Dot<T, V>(x, x1, w + 2 * wStride, depth, out V sum12);
        V sum03 = Dot<T, V>(x, x1, w + 3 * wStride, depth, out V sum13);
        V.AddSums(sum00, sum01, sum02, sum03, y);
        V.AddSums(sum10, sum11, sum12, sum13, y + yStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Dot<T, V>(T* x0, T* x1, T* w, int depth, out V second)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V sum0 = V.Zero, sum1 = V.Zero;
        int k = 0;
        for (; k <= depth - V.Count; k += V.Count)
        {
            V b = V.Load(w + k);
            sum0 = V.MultiplyAdd(V.Load(x0 + k), b, sum0);
            sum1 = V.MultiplyAdd(V.Load(x1 + k), b, sum1);
        }

        if (k < depth)
        {
            V b = V.Load(w + k, depth - k);
            sum0 = V.MultiplyAdd(V.Load(x0 + k, depth - k), b, sum0);
            sum1 = V.MultiplyAdd(V.Load(x1 + k, depth - k), b, sum1);
        }

        second = sum1;
        return sum0;
    }

    // 24 accumulators, four vectors of W and one of X: what 32 registers hold. The loop is the prompt's whole arithmetic.
    private static void Rows6<T, V>(T* x, nint xStride, T* w, nint wStride, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint x2Stride = 2 * xStride;
        T* x3 = x + 3 * xStride;
        T* w1 = w + wStride;
        T* w2 = w1 + wStride;
        T* w3 = w2 + wStride;
        V sum00 = V.Zero, sum01 = V.Zero, sum02 = V.Zero, sum03 = V.Zero;
        V sum10 = V.Zero, sum11 = V.Zero, sum12 = V.Zero, sum13 = V.Zero;
        V sum20 = V.Zero, sum21 = V.Zero, sum22 = V.Zero, sum23 = V.Zero;
        V sum30 = V.Zero, sum31 = V.Zero, sum32 = V.Zero, sum33 = V.Zero;
        V sum40 = V.Zero, sum41 = V.Zero, sum42 = V.Zero, sum43 = V.Zero;
        V sum50 = V.Zero, sum51 = V.Zero, sum52 = V.Zero, sum53 = V.Zero;
        V a, b0, b1, b2, b3;
        for (; depth >= V.Count; depth -= V.Count)
        {
            b0 = V.Load(w);
            b1 = V.Load(w1);
            b2 = V.Load(w2);
            b3 = V.Load(w3);
            a = V.Load(x);
            sum00 = V.MultiplyAdd(a, b0, sum00);
            sum01 = V.MultiplyAdd(a, b1, sum01);
            sum02 = V.MultiplyAdd(a, b2, sum02);
            sum03 = V.MultiplyAdd(a, b3, sum03);
            a = V.Load(x + xStride);
            sum10 = V.MultiplyAdd(a, b0, sum10);
            sum11 = V.MultiplyAdd(a, b1, sum11);
            sum12 = V.MultiplyAdd(a, b2, sum12);
            sum13 = V.MultiplyAdd(a, b3, sum13);
            a = V.Load(x + x2Stride);
            sum20 = V.MultiplyAdd(a, b0, sum20);
            sum21 = V.MultiplyAdd(a, b1, sum21);
            sum22 = V.MultiplyAdd(a, b2, sum22);
            sum23 = V.MultiplyAdd(a, b3, sum23);
            a = V.Load(x3);
            sum30 = V.MultiplyAdd(a, b0, sum30);
            sum31 = V.MultiplyAdd(a, b1, sum31);
            sum32 = V.MultiplyAdd(a, b2, sum32);
            sum33 = V.MultiplyAdd(a, b3, sum33);
            a = V.Load(x3 + xStride);
            sum40 = V.MultiplyAdd(a, b0, sum40);
            sum41 = V.MultiplyAdd(a, b1, sum41);
            sum42 = V.MultiplyAdd(a, b2, sum42);
            sum43 = V.MultiplyAdd(a, b3, sum43);
            a = V.Load(x3 + x2Stride);
            sum50 = V.MultiplyAdd(a, b0, sum50);
            sum51 = V.MultiplyAdd(a, b1, sum51);
            sum52 = V.MultiplyAdd(a, b2, sum52);
            sum53 = V.MultiplyAdd(a, b3, sum53);
            x += V.Count;
            x3 += V.Count;
            w += V.Count;
            w1 += V.Count;
            w2 += V.Count;
            w3 += V.Count;
        }

        if (depth > 0)
        {
            b0 = V.Load(w, depth);
            b1 = V.Load(w1, depth);
            b2 = V.Load(w2, depth);
            b3 = V.Load(w3, depth);
            a = V.Load(x, depth);
            sum00 = V.MultiplyAdd(a, b0, sum00);
            sum01 = V.MultiplyAdd(a, b1, sum01);
            sum02 = V.MultiplyAdd(a, b2, sum02);
            sum03 = V.MultiplyAdd(a, b3, sum03);
            a = V.Load(x + xStride, depth);
            sum10 = V.MultiplyAdd(a, b0, sum10);
            sum11 = V.MultiplyAdd(a, b1, sum11);
            sum12 = V.MultiplyAdd(a, b2, sum12);
            sum13 = V.MultiplyAdd(a, b3, sum13);
            a = V.Load(x + x2Stride, depth);
            sum20 = V.MultiplyAdd(a, b0, sum20);
            sum21 = V.MultiplyAdd(a, b1, sum21);
            sum22 = V.MultiplyAdd(a, b2, sum22);
            sum23 = V.MultiplyAdd(a, b3, sum23);
            a = V.Load(x3, depth);
            sum30 = V.MultiplyAdd(a, b0, sum30);
            sum31 = V.MultiplyAdd(a, b1, sum31);
            sum32 = V.MultiplyAdd(a, b2, sum32);
            sum33 = V.MultiplyAdd(a, b3, sum33);
            a = V.Load(x3 + xStride, depth);
            sum40 = V.MultiplyAdd(a, b0, sum40);
            sum41 = V.MultiplyAdd(a, b1, sum41);
            sum42 = V.MultiplyAdd(a, b2, sum42);
            sum43 = V.MultiplyAdd(a, b3, sum43);
            a = V.Load(x3 + x2Stride, depth);
            sum50 = V.MultiplyAdd(a, b0, sum50);
            sum51 = V.MultiplyAdd(a, b1, sum51);
            sum52 = V.MultiplyAdd(a, b2, sum52);
            sum53 = V.MultiplyAdd(a, b3, sum53);
        }

        V.AddSums(sum00, sum01, sum02, sum03, y);
        y += yStride;
        V.AddSums(sum10, sum11, sum12, sum13, y);
        y += yStride;
        V.AddSums(sum20, sum21, sum22, sum23, y);
        y += yStride;
        V.AddSums(sum30, sum31, sum32, sum33, y);
        y += yStride;
        V.AddSums(sum40, sum41, sum42, sum43, y);
        y += yStride;
        V.AddSums(sum50, sum51, sum52, sum53, y);
    }
}
