using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A few rows of X times a panel of weights: four vectors of columns that lie side by side, step after step. The panel is read once from
/// front to back, so that a single row takes the time that memory takes to deliver it.
/// </summary>
/// <remarks>Every result is one accumulator over the depth, whatever the tile around it: a row alone gets the bits that it gets among others.</remarks>
internal static unsafe class PanelTile
{
    // As many accumulators as hide the time that a multiply-add takes.
    private const int Vectors = 4;

    /// <summary>Columns in a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Columns<T>()
        where T : unmanaged => Vectors * Math.Max(1, VectorWidth.Bits / 8 / sizeof(T));

    /// <summary>Adds the products of <paramref name="rows"/> rows of X with the panel's columns to Y.</summary>
    public static void Run<T, V>(int rows, T* x, nint xStride, T* panel, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        int row = 0;
        if (Microkernel.HasManyRegisters<T, V>())
        {
            for (; row <= rows - 6; row += 6)
            {
                Rows6<T, V>(x + row * xStride, xStride, panel, depth, y + row * yStride, yStride);
            }
        }

        for (; row <= rows - 2; row += 2)
        {
            Rows2<T, V>(x + row * xStride, xStride, panel, depth, y + row * yStride, yStride);
        }

        if (row < rows)
        {
            Row1<T, V>(x + row * xStride, panel, depth, y + row * yStride);
        }
    }

    private static void Row1<T, V>(T* x, T* panel, int depth, T* y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        for (T* end = x + depth; x < end; x++, panel += Vectors * V.Count)
        {
            V a = V.Broadcast(*x);
            sum0 = V.MultiplyAdd(a, V.Load(panel), sum0);
            sum1 = V.MultiplyAdd(a, V.Load(panel + V.Count), sum1);
            sum2 = V.MultiplyAdd(a, V.Load(panel + 2 * V.Count), sum2);
            sum3 = V.MultiplyAdd(a, V.Load(panel + 3 * V.Count), sum3);
        }

        Add<T, V>(sum0, sum1, sum2, sum3, y);
    }

    private static void Rows2<T, V>(T* x, nint xStride, T* panel, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V sum00 = V.Zero, sum01 = V.Zero, sum02 = V.Zero, sum03 = V.Zero;
        V sum10 = V.Zero, sum11 = V.Zero, sum12 = V.Zero, sum13 = V.Zero;
        for (T* end = x + depth; x < end; x++, panel += Vectors * V.Count)
        {
            V b0 = V.Load(panel), b1 = V.Load(panel + V.Count), b2 = V.Load(panel + 2 * V.Count), b3 = V.Load(panel + 3 * V.Count);
            V a = V.Broadcast(*x);
            sum00 = V.MultiplyAdd(a, b0, sum00);
            sum01 = V.MultiplyAdd(a, b1, sum01);
            sum02 = V.MultiplyAdd(a, b2, sum02);
            sum03 = V.MultiplyAdd(a, b3, sum03);
            a = V.Broadcast(*(x + xStride));
            sum10 = V.MultiplyAdd(a, b0, sum10);
            sum11 = V.MultiplyAdd(a, b1, sum11);
            sum12 = V.MultiplyAdd(a, b2, sum12);
            sum13 = V.MultiplyAdd(a, b3, sum13);
        }

        Add<T, V>(sum00, sum01, sum02, sum03, y);
        Add<T, V>(sum10, sum11, sum12, sum13, y + yStride);
    }

    // 24 accumulators, four vectors of the panel and one element of X: what 32 registers hold. The loop is the prompt's whole arithmetic.
    private static void Rows6<T, V>(T* x, nint xStride, T* panel, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        nint x2Stride = 2 * xStride;
        T* x3 = x + 3 * xStride;
        V sum00 = V.Zero, sum01 = V.Zero, sum02 = V.Zero, sum03 = V.Zero;
        V sum10 = V.Zero, sum11 = V.Zero, sum12 = V.Zero, sum13 = V.Zero;
        V sum20 = V.Zero, sum21 = V.Zero, sum22 = V.Zero, sum23 = V.Zero;
        V sum30 = V.Zero, sum31 = V.Zero, sum32 = V.Zero, sum33 = V.Zero;
        V sum40 = V.Zero, sum41 = V.Zero, sum42 = V.Zero, sum43 = V.Zero;
        V sum50 = V.Zero, sum51 = V.Zero, sum52 = V.Zero, sum53 = V.Zero;
        for (T* end = x + depth; x < end; x++, x3++, panel += Vectors * V.Count)
        {
            V b0 = V.Load(panel), b1 = V.Load(panel + V.Count), b2 = V.Load(panel + 2 * V.Count), b3 = V.Load(panel + 3 * V.Count);
            V a = V.Broadcast(*x);
            sum00 = V.MultiplyAdd(a, b0, sum00);
            sum01 = V.MultiplyAdd(a, b1, sum01);
            sum02 = V.MultiplyAdd(a, b2, sum02);
            sum03 = V.MultiplyAdd(a, b3, sum03);
            a = V.Broadcast(*(x + xStride));
            sum10 = V.MultiplyAdd(a, b0, sum10);
            sum11 = V.MultiplyAdd(a, b1, sum11);
            sum12 = V.MultiplyAdd(a, b2, sum12);
            sum13 = V.MultiplyAdd(a, b3, sum13);
            a = V.Broadcast(*(x + x2Stride));
            sum20 = V.MultiplyAdd(a, b0, sum20);
            sum21 = V.MultiplyAdd(a, b1, sum21);
            sum22 = V.MultiplyAdd(a, b2, sum22);
            sum23 = V.MultiplyAdd(a, b3, sum23);
            a = V.Broadcast(*x3);
            sum30 = V.MultiplyAdd(a, b0, sum30);
            sum31 = V.MultiplyAdd(a, b1, sum31);
            sum32 = V.MultiplyAdd(a, b2, sum32);
            sum33 = V.MultiplyAdd(a, b3, sum33);
            a = V.Broadcast(*(x3 + xStride));
            sum40 = V.MultiplyAdd(a, b0, sum40);
            sum41 = V.MultiplyAdd(a, b1, sum41);
            sum42 = V.MultiplyAdd(a, b2, sum42);
            sum43 = V.MultiplyAdd(a, b3, sum43);
            a = V.Broadcast(*(x3 + x2Stride));
            sum50 = V.MultiplyAdd(a, b0, sum50);
            sum51 = V.MultiplyAdd(a, b1, sum51);
            sum52 = V.MultiplyAdd(a, b2, sum52);
            sum53 = V.MultiplyAdd(a, b3, sum53);
        }

        Add<T, V>(sum00, sum01, sum02, sum03, y);
        y += yStride;
        Add<T, V>(sum10, sum11, sum12, sum13, y);
        y += yStride;
        Add<T, V>(sum20, sum21, sum22, sum23, y);
        y += yStride;
        Add<T, V>(sum30, sum31, sum32, sum33, y);
        y += yStride;
        Add<T, V>(sum40, sum41, sum42, sum43, y);
        y += yStride;
        Add<T, V>(sum50, sum51, sum52, sum53, y);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Add<T, V>(V sum0, V sum1, V sum2, V sum3, T* y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        (V.Load(y) + sum0).Store(y);
        (V.Load(y + V.Count) + sum1).Store(y + V.Count);
        (V.Load(y + 2 * V.Count) + sum2).Store(y + 2 * V.Count);
        (V.Load(y + 3 * V.Count) + sum3).Store(y + 3 * V.Count);
    }
}
