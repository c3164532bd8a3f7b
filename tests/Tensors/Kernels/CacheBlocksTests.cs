using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>Blocks follow the machine's caches; results do not.</summary>
[Collection("Alone")]
public class CacheBlocksTests
{
    /// <summary>Kilobytes of second-level caches: Zen 4 and 5, Emerald Rapids, a core of Apple's, and toys.</summary>
    private static readonly int[] s_machines = [1024, 2048, 16384, 256, 16];

    [Theory]
    [InlineData(2, 3, 4)]
    [InlineData(37, 63, 15)]
    [InlineData(64, 512, 1030)] // few rows of whole tiles
    [InlineData(253, 800, 1024)] // rows a multiple of a page apart, which are packed; lower tiles at the end
    [InlineData(400, 1056, 600)] // B is packed
    [InlineData(1300, 96, 64)]
    [InlineData(781, 512, 128)] // fifteen tasks of 52 rows, and one of a single row
    public void Products_have_the_same_bits_with_the_caches_of_any_machine(int rows, int columns, int depth)
    {
        foreach (bool turnA in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (bool turnB in (ReadOnlySpan<bool>)[false, true])
            {
                AssertSameBits(() => Multiply<float>(rows, columns, depth, turnA, turnB, accumulate: false));
                AssertSameBits(() => Multiply<float>(rows, columns, depth, turnA, turnB, accumulate: true));
                AssertSameBits(() => Multiply<double>(rows, columns, depth, turnA, turnB, accumulate: false));
            }
        }
    }

    [Theory]
    [InlineData(192)]
    [InlineData(781)] // more rows than are computed turned
    public void Linear_maps_and_their_gradients_have_the_same_bits_with_the_caches_of_any_machine(int rows) => AssertSameBits<float>(() =>
    {
        Tensor<float> x = Samples.Random<float>([rows, 320], 1), weight = Samples.Random<float>([608, 320], 2), bias = Samples.Random<float>([608], 3);
        Tensor<float> slope = new([rows, 608]), y = new([rows, 608]), weightGradient = new([608, 320]), biasGradient = new([608]);
        Gemm.Linear<float, GeluTanhFunction<float>>(x, weight, bias, slope, y);
        Gemm.LinearGradients(y, x, weightGradient, false, biasGradient, false);
        return [.. y.Span, .. slope.Span, .. weightGradient.Span, .. biasGradient.Span];
    });

    [Fact]
    public void Prompts_have_the_same_bits_with_the_caches_of_any_machine()
    {
        Tensor<float> x = Samples.Random<float>([211, 200], 1), weight = Samples.Random<float>([333, 200], 2);
        var matrix = new PanelMatrix<float>(weight);
        AssertSameBits(() =>
        {
            Tensor<float> y = new([211, 333]);
            matrix.Multiply(x, default, y);
            return y.Span.ToArray();
        });
    }

    private static T[] Multiply<T>(int rows, int columns, int depth, bool turnA, bool turnB, bool accumulate)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> a = turnA ? Samples.Random<T>([depth, rows], 1).Transpose(0, 1) : Samples.Random<T>([rows, depth], 1);
        Tensor<T> b = turnB ? Samples.Random<T>([columns, depth], 2).Transpose(0, 1) : Samples.Random<T>([depth, columns], 2);
        Tensor<T> c = Samples.Random<T>([rows, columns], 3);
        Gemm.Multiply(a, b, c, accumulate);
        return c.Span.ToArray();
    }

    private static void AssertSameBits<T>(Func<T[]> run)
    {
        SecondLevelCache before = SecondLevelCache.OfThisMachine;
        try
        {
            SecondLevelCache.OfThisMachine = new(s_machines[0] << 10);
            T[] expected = run();
            foreach (int machine in s_machines[1..])
            {
                SecondLevelCache.OfThisMachine = new(machine << 10);
                Assert.Equal(expected, run());
            }
        }
        finally
        {
            SecondLevelCache.OfThisMachine = before;
        }
    }
}
