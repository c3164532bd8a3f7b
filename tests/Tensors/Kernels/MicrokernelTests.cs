using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>The block under every product, at widths that this machine may not choose by itself too.</summary>
public class MicrokernelTests
{
    [Fact]
    public void Blocks_of_any_size_agree_with_the_plain_loop_at_every_width()
    {
        foreach ((int rows, int columns, int depth) in ((int, int, int)[])[(1, 1, 1), (6, 4, 9), (12, 32, 7), (25, 33, 20), (13, 70, 1)])
        {
            foreach (bool turned in (ReadOnlySpan<bool>)[false, true])
            {
                Check<float, Simd512<float>>(rows, columns, depth, turned);
                Check<float, Simd256<float>>(rows, columns, depth, turned);
                Check<float, Simd128<float>>(rows, columns, depth, turned);
                Check<float, SimdScalar<float>>(rows, columns, depth, turned);
                Check<double, Simd512<double>>(rows, columns, depth, turned);
                Check<double, Simd256<double>>(rows, columns, depth, turned);
                Check<double, Simd128<double>>(rows, columns, depth, turned);
                Check<double, SimdScalar<double>>(rows, columns, depth, turned);
            }
        }
    }

    [Fact]
    public void The_ceiling_is_what_many_multiply_adds_reach()
    {
        double single = FmaCeiling.Measure<float>(TimeSpan.FromMilliseconds(20));
        Assert.InRange(single, 1e6, 1e15);
    }

    // C starts at 1 and is added to, with a bias.
    private static unsafe void Check<T, V>(int rows, int columns, int depth, bool turned)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        Tensor<T> a = Samples.Random<T>([rows, depth], 1), b = Samples.Random<T>([depth, columns], 2);
        Tensor<T> bias = Samples.Random<T>([columns], 3), left = turned ? Turned(a) : a, c = Samples.Filled<T>([rows, columns], 1);
        int lanes = Microkernel.Columns<T, V>(), panels = (columns + lanes - 1) / lanes;
        var packed = new Tensor<T>([panels * lanes * depth]);
        Packing.Pack<T, V>(new Operand<T>(b.Pointer, 1, columns), columns, depth, lanes, packed.Pointer);
        GemmBlock.Run<T, V>(
            new Operand<T>(left.Pointer, left.Stride(0), left.Stride(1)), packed.Pointer, depth, rows, columns, depth,
            new Destination<T>(c.Pointer, columns, true, bias.Pointer));
        var expected = new double[rows * columns];
        for (int i = 0; i < expected.Length; i++)
        {
            (int row, int column) = (i / columns, i % columns);
            expected[i] = 1 + double.CreateTruncating(bias[column]);
            for (int k = 0; k < depth; k++)
                expected[i] += double.CreateTruncating(a[row, k]) * double.CreateTruncating(b[k, column]);
        }

        Samples.AssertClose(expected, c, 2 * (depth + 2), _ => 4);
    }

    private static Tensor<T> Turned<T>(Tensor<T> matrix)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var copy = new Tensor<T>([matrix.Shape[1], matrix.Shape[0]]);
        Elementwise.Copy(matrix.Transpose(0, 1), copy);
        return copy.Transpose(0, 1);
    }
}
