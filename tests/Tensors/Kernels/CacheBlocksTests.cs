using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>Blocks follow the machine's caches; results do not.</summary>
[Collection("Alone")]
public class CacheBlocksTests
{
    /// <summary>Kilobytes of the first two caches: Zen 4, Emerald Rapids, a core of Apple's, a toy.</summary>
    private static readonly CacheSizes[] s_machines =
        [new(32 << 10, 1 << 20), new(48 << 10, 2 << 20), new(128 << 10, 16 << 20), new(16 << 10, 256 << 10), new(4 << 10, 4 << 10)];

    [Theory]
    [InlineData(2, 3, 4)]
    [InlineData(37, 63, 15)]
    [InlineData(64, 512, 1030)] // few rows of whole tiles
    [InlineData(253, 800, 1024)] // rows a multiple of a page apart, which are packed; lower tiles at the end
    [InlineData(400, 1056, 600)] // B is packed
    [InlineData(1300, 96, 64)]
    public void Products_have_the_same_bits_with_the_caches_of_any_machine(int rows, int columns, int depth)
    {
        foreach (bool turnA in (ReadOnlySpan<bool>)[false, true])
        {
            foreach (bool turnB in (ReadOnlySpan<bool>)[false, true])
            {
                AssertSameBits(() => Multiply<float>(rows, columns, depth, turnA, turnB));
                AssertSameBits(() => Multiply<double>(rows, columns, depth, turnA, turnB));
            }
        }
    }

    [Fact]
    public void Linear_maps_and_their_gradients_have_the_same_bits_with_the_caches_of_any_machine() => AssertSameBits<float>(() =>
    {
        Tensor<float> x = Samples.Random<float>([192, 320], 1), weight = Samples.Random<float>([608, 320], 2), bias = Samples.Random<float>([608], 3);
        Tensor<float> slope = new([192, 608]), y = new([192, 608]), weightGradient = new([608, 320]), biasGradient = new([608]);
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

    private static T[] Multiply<T>(int rows, int columns, int depth, bool turnA, bool turnB)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> a = turnA ? Samples.Random<T>([depth, rows], 1).Transpose(0, 1) : Samples.Random<T>([rows, depth], 1);
        Tensor<T> b = turnB ? Samples.Random<T>([columns, depth], 2).Transpose(0, 1) : Samples.Random<T>([depth, columns], 2);
        Tensor<T> c = new([rows, columns]);
        Gemm.Multiply(a, b, c);
        return c.Span.ToArray();
    }

    private static void AssertSameBits<T>(Func<T[]> run)
    {
        CacheSizes before = CacheSizes.OfThisMachine;
        try
        {
            CacheSizes.OfThisMachine = s_machines[0];
            T[] expected = run();
            foreach (CacheSizes machine in s_machines[1..])
            {
                CacheSizes.OfThisMachine = machine;
                Assert.Equal(expected, run());
            }
        }
        finally
        {
            CacheSizes.OfThisMachine = before;
        }
    }
}
