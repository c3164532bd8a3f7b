using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A few rows of X times a panel of weights: four vectors of columns that lie side by side, step after step. The panel is read once from
/// front to back, so that a single row takes the time that memory takes to deliver it.
/// </summary>
/// <remarks>Every result is one accumulator over the depth, whatever the tile around it: a row alone gets the bits that it gets among others.</remarks>
// Its loops, and the others that a token of a published program waits for, are compiled in full at once: prebuilt code has no vectors of this
// width, and what the runtime makes first instead is some thirty times slower (docs/performance.md, From Enter to the first character).
internal static unsafe class PanelTile
{
    // As many accumulators as hide the time that a multiply-add takes.
    private const int Vectors = 4;

    /// <summary>The most rows that go through a panel together.</summary>
    public const int MostRows = 6;

    /// <summary>Columns in a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Columns<T>()
        where T : unmanaged => Vectors * Math.Max(1, VectorWidth.Bits / 8 / sizeof(T));

    /// <summary>Y = bias + X · panel, or Y += bias + X · panel.</summary>
    /// <param name="rows">Rows of X and Y.</param>
    /// <param name="x">The first row of X.</param>
    /// <param name="xStride">From one row of X to the next.</param>
    /// <param name="panel">The panel's first step.</param>
    /// <param name="depth">The number of steps.</param>
    /// <param name="bias">Where the sums of all rows start; null for zeros.</param>
    /// <param name="y">The first row of Y.</param>
    /// <param name="yStride">From one row of Y to the next.</param>
    /// <param name="accumulate">Whether Y is added to.</param>
    public static void Rows<T, V, TNumbers>(int rows, T* x, nint xStride, byte* panel, int depth, T* bias, T* y, nint yStride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        int row = 0;
        if (Microkernel.HasManyRegisters<T, V>())
        {
            for (; row <= rows - 6; row += 6)
                Rows6<T, V, TNumbers>(x + row * xStride, xStride, panel, depth, bias, y + row * yStride, yStride, accumulate);

            if (row <= rows - 4)
            {
                Rows4<T, V, TNumbers>(x + row * xStride, xStride, panel, depth, bias, y + row * yStride, yStride, accumulate);
                row += 4;
            }
        }
        else if (typeof(TNumbers) == typeof(WholeNumbers<T>))
        {
            // Four rows are two pairs: three and one would read the panel as often, and the one alone waits for it longer.
            for (; rows - row >= 3 && rows - row != 4; row += 3)
                Rows3<T, V, TNumbers>(x + row * xStride, xStride, panel, depth, bias, y + row * yStride, yStride, accumulate);
        }

        for (; row <= rows - 2; row += 2)
            Rows2<T, V, TNumbers>(x + row * xStride, xStride, panel, depth, bias, y + row * yStride, yStride, accumulate);

        if (row < rows)
            Row1<T, V, TNumbers>(x + row * xStride, panel, depth, bias, y + row * yStride, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row1<T, V, TNumbers>(T* x, byte* panel, int depth, T* bias, T* y, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        V sum0 = Start<T, V>(bias, 0), sum1 = Start<T, V>(bias, 1), sum2 = Start<T, V>(bias, 2), sum3 = Start<T, V>(bias, 3);
        int vector = V.Count * TNumbers.Bytes;
        for (T* end = x + depth; x < end; x++, panel += Vectors * vector)
        {
            V a = V.Broadcast(*x);
            V.AddProduct(ref sum0, a, TNumbers.Load<V>(panel));
            V.AddProduct(ref sum1, a, TNumbers.Load<V>(panel + vector));
            V.AddProduct(ref sum2, a, TNumbers.Load<V>(panel + 2 * vector));
            V.AddProduct(ref sum3, a, TNumbers.Load<V>(panel + 3 * vector));
        }

        End<T, V>(sum0, sum1, sum2, sum3, y, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows2<T, V, TNumbers>(T* x, nint xStride, byte* panel, int depth, T* bias, T* y, nint yStride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        int vector = V.Count * TNumbers.Bytes;
        V sum00 = Start<T, V>(bias, 0), sum01 = Start<T, V>(bias, 1), sum02 = Start<T, V>(bias, 2), sum03 = Start<T, V>(bias, 3);
        V sum10 = sum00, sum11 = sum01, sum12 = sum02, sum13 = sum03;
        for (T* end = x + depth; x < end; x++, panel += Vectors * vector)
        {
            V b0 = TNumbers.Load<V>(panel), b1 = TNumbers.Load<V>(panel + vector);
            V b2 = TNumbers.Load<V>(panel + 2 * vector), b3 = TNumbers.Load<V>(panel + 3 * vector);
            V a = V.Broadcast(*x);
            V.AddProduct(ref sum00, a, b0);
            V.AddProduct(ref sum01, a, b1);
            V.AddProduct(ref sum02, a, b2);
            V.AddProduct(ref sum03, a, b3);
            a = V.Broadcast(*(x + xStride));
            V.AddProduct(ref sum10, a, b0);
            V.AddProduct(ref sum11, a, b1);
            V.AddProduct(ref sum12, a, b2);
            V.AddProduct(ref sum13, a, b3);
        }

        End<T, V>(sum00, sum01, sum02, sum03, y, accumulate);
        End<T, V>(sum10, sum11, sum12, sum13, y + yStride, accumulate);
    }

    // 12 accumulators, three elements of X and one vector of the panel: what 16 registers hold, if its numbers need no widening.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows3<T, V, TNumbers>(T* x, nint xStride, byte* panel, int depth, T* bias, T* y, nint yStride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        nint x2Stride = 2 * xStride;
        int vector = V.Count * TNumbers.Bytes;
        V sum00 = Start<T, V>(bias, 0), sum01 = Start<T, V>(bias, 1), sum02 = Start<T, V>(bias, 2), sum03 = Start<T, V>(bias, 3);
        V sum10 = sum00, sum11 = sum01, sum12 = sum02, sum13 = sum03;
        V sum20 = sum00, sum21 = sum01, sum22 = sum02, sum23 = sum03;
        for (T* end = x + depth; x < end; x++, panel += Vectors * vector)
        {
            V a0 = V.Broadcast(*x), a1 = V.Broadcast(*(x + xStride)), a2 = V.Broadcast(*(x + x2Stride));
            V b = TNumbers.Load<V>(panel);
            V.AddProduct(ref sum00, a0, b);
            V.AddProduct(ref sum10, a1, b);
            V.AddProduct(ref sum20, a2, b);
            b = TNumbers.Load<V>(panel + vector);
            V.AddProduct(ref sum01, a0, b);
            V.AddProduct(ref sum11, a1, b);
            V.AddProduct(ref sum21, a2, b);
            b = TNumbers.Load<V>(panel + 2 * vector);
            V.AddProduct(ref sum02, a0, b);
            V.AddProduct(ref sum12, a1, b);
            V.AddProduct(ref sum22, a2, b);
            b = TNumbers.Load<V>(panel + 3 * vector);
            V.AddProduct(ref sum03, a0, b);
            V.AddProduct(ref sum13, a1, b);
            V.AddProduct(ref sum23, a2, b);
        }

        End<T, V>(sum00, sum01, sum02, sum03, y, accumulate);
        y += yStride;
        End<T, V>(sum10, sum11, sum12, sum13, y, accumulate);
        y += yStride;
        End<T, V>(sum20, sum21, sum22, sum23, y, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows4<T, V, TNumbers>(T* x, nint xStride, byte* panel, int depth, T* bias, T* y, nint yStride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        T* x2 = x + 2 * xStride;
        int vector = V.Count * TNumbers.Bytes;
        V sum00 = Start<T, V>(bias, 0), sum01 = Start<T, V>(bias, 1), sum02 = Start<T, V>(bias, 2), sum03 = Start<T, V>(bias, 3);
        V sum10 = sum00, sum11 = sum01, sum12 = sum02, sum13 = sum03;
        V sum20 = sum00, sum21 = sum01, sum22 = sum02, sum23 = sum03;
        V sum30 = sum00, sum31 = sum01, sum32 = sum02, sum33 = sum03;
        for (T* end = x + depth; x < end; x++, x2++, panel += Vectors * vector)
        {
            V b0 = TNumbers.Load<V>(panel), b1 = TNumbers.Load<V>(panel + vector);
            V b2 = TNumbers.Load<V>(panel + 2 * vector), b3 = TNumbers.Load<V>(panel + 3 * vector);
            V a = V.Broadcast(*x);
            V.AddProduct(ref sum00, a, b0);
            V.AddProduct(ref sum01, a, b1);
            V.AddProduct(ref sum02, a, b2);
            V.AddProduct(ref sum03, a, b3);
            a = V.Broadcast(*(x + xStride));
            V.AddProduct(ref sum10, a, b0);
            V.AddProduct(ref sum11, a, b1);
            V.AddProduct(ref sum12, a, b2);
            V.AddProduct(ref sum13, a, b3);
            a = V.Broadcast(*x2);
            V.AddProduct(ref sum20, a, b0);
            V.AddProduct(ref sum21, a, b1);
            V.AddProduct(ref sum22, a, b2);
            V.AddProduct(ref sum23, a, b3);
            a = V.Broadcast(*(x2 + xStride));
            V.AddProduct(ref sum30, a, b0);
            V.AddProduct(ref sum31, a, b1);
            V.AddProduct(ref sum32, a, b2);
            V.AddProduct(ref sum33, a, b3);
        }

        End<T, V>(sum00, sum01, sum02, sum03, y, accumulate);
        y += yStride;
        End<T, V>(sum10, sum11, sum12, sum13, y, accumulate);
        y += yStride;
        End<T, V>(sum20, sum21, sum22, sum23, y, accumulate);
        y += yStride;
        End<T, V>(sum30, sum31, sum32, sum33, y, accumulate);
    }

    // 24 accumulators, four vectors of the panel and one element of X: what 32 registers hold. The loop is the prompt's whole arithmetic.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows6<T, V, TNumbers>(T* x, nint xStride, byte* panel, int depth, T* bias, T* y, nint yStride, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
        where TNumbers : struct, IPanelNumbers<T>
    {
        nint x2Stride = 2 * xStride;
        T* x3 = x + 3 * xStride;
        int vector = V.Count * TNumbers.Bytes;
        V sum00 = Start<T, V>(bias, 0), sum01 = Start<T, V>(bias, 1), sum02 = Start<T, V>(bias, 2), sum03 = Start<T, V>(bias, 3);
        V sum10 = sum00, sum11 = sum01, sum12 = sum02, sum13 = sum03;
        V sum20 = sum00, sum21 = sum01, sum22 = sum02, sum23 = sum03;
        V sum30 = sum00, sum31 = sum01, sum32 = sum02, sum33 = sum03;
        V sum40 = sum00, sum41 = sum01, sum42 = sum02, sum43 = sum03;
        V sum50 = sum00, sum51 = sum01, sum52 = sum02, sum53 = sum03;
        for (T* end = x + depth; x < end; x++, x3++, panel += Vectors * vector)
        {
            V b0 = TNumbers.Load<V>(panel), b1 = TNumbers.Load<V>(panel + vector);
            V b2 = TNumbers.Load<V>(panel + 2 * vector), b3 = TNumbers.Load<V>(panel + 3 * vector);
            V a = V.Broadcast(*x);
            V.AddProduct(ref sum00, a, b0);
            V.AddProduct(ref sum01, a, b1);
            V.AddProduct(ref sum02, a, b2);
            V.AddProduct(ref sum03, a, b3);
            a = V.Broadcast(*(x + xStride));
            V.AddProduct(ref sum10, a, b0);
            V.AddProduct(ref sum11, a, b1);
            V.AddProduct(ref sum12, a, b2);
            V.AddProduct(ref sum13, a, b3);
            a = V.Broadcast(*(x + x2Stride));
            V.AddProduct(ref sum20, a, b0);
            V.AddProduct(ref sum21, a, b1);
            V.AddProduct(ref sum22, a, b2);
            V.AddProduct(ref sum23, a, b3);
            a = V.Broadcast(*x3);
            V.AddProduct(ref sum30, a, b0);
            V.AddProduct(ref sum31, a, b1);
            V.AddProduct(ref sum32, a, b2);
            V.AddProduct(ref sum33, a, b3);
            a = V.Broadcast(*(x3 + xStride));
            V.AddProduct(ref sum40, a, b0);
            V.AddProduct(ref sum41, a, b1);
            V.AddProduct(ref sum42, a, b2);
            V.AddProduct(ref sum43, a, b3);
            a = V.Broadcast(*(x3 + x2Stride));
            V.AddProduct(ref sum50, a, b0);
            V.AddProduct(ref sum51, a, b1);
            V.AddProduct(ref sum52, a, b2);
            V.AddProduct(ref sum53, a, b3);
        }

        End<T, V>(sum00, sum01, sum02, sum03, y, accumulate);
        y += yStride;
        End<T, V>(sum10, sum11, sum12, sum13, y, accumulate);
        y += yStride;
        End<T, V>(sum20, sum21, sum22, sum23, y, accumulate);
        y += yStride;
        End<T, V>(sum30, sum31, sum32, sum33, y, accumulate);
        y += yStride;
        End<T, V>(sum40, sum41, sum42, sum43, y, accumulate);
        y += yStride;
        End<T, V>(sum50, sum51, sum52, sum53, y, accumulate);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Start<T, V>(T* bias, int vector)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => bias is null ? V.Zero : V.Load(bias + vector * V.Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void End<T, V>(V sum0, V sum1, V sum2, V sum3, T* y, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (accumulate)
        {
            sum0 = V.Load(y) + sum0;
            sum1 = V.Load(y + V.Count) + sum1;
            sum2 = V.Load(y + 2 * V.Count) + sum2;
            sum3 = V.Load(y + 3 * V.Count) + sum3;
        }

        sum0.Store(y);
        sum1.Store(y + V.Count);
        sum2.Store(y + 2 * V.Count);
        sum3.Store(y + 3 * V.Count);
    }
}
