using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Rows of X, each with four rows of a matrix W. Both run along memory as they lie, so that nothing is copied.
/// </summary>
/// <remarks>Every result is one accumulator over the depth and one sum across it: a row alone gets the bits that it gets among others.</remarks>
internal static unsafe class DotTile
{
    /// <summary>Rows of W in a tile.</summary>
    public const int Columns = 4;

    /// <summary>Adds the products of <paramref name="rows"/> rows of X with four rows of W to Y.</summary>
    public static void Run<T, V>(int rows, T* x, nint xStride, T* w, nint wStride, int depth, T* y, nint yStride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows; row++)
        {
            Row<T, V>(x + row * xStride, w, wStride, depth, y + row * yStride);
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
            Row<T, V>(x + row * xStride, w, 0, depth, sums);
            y[row * yStride] = sums[0];
        }
    }

    // One row of W after the other, in the order in which they lie: memory, and the third cache too, deliver a single stream half again as
    // fast as four that alternate. The chains of additions of neighbouring rows overlap all the same.
    private static void Row<T, V>(T* x, T* w, nint wStride, int depth, T* y)
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
}
