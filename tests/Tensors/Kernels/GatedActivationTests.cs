using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>The fused pass is, to the bit, the function on one half and a product with the other.</summary>
public sealed class GatedActivationTests
{
    private const int Rows = 3;

    private static readonly int[] s_columns = [.. Enumerable.Range(1, 70), 9000];

    [Fact]
    public void Silu() => AssertIsComposition<SiluFunction<float>, SiluFunction<double>>();

    [Fact]
    public void Gelu_by_tanh() => AssertIsComposition<GeluTanhFunction<float>, GeluTanhFunction<double>>();

    [Fact]
    public void Gelu_by_erf() => AssertIsComposition<GeluErfFunction<float>, GeluErfFunction<double>>();

    [Fact]
    public void Relu() => AssertIsComposition<ReluFunction<float>, ReluFunction<double>>();

    [Fact]
    public void The_gradient_may_overwrite_the_input()
    {
        Tensor<float> x = Samples.Random<float>([Rows, 58], 1), dy = Samples.Random<float>([Rows, 29], 2), dx = new(x.Shape);
        GatedActivation.Backward<float, SiluFunction<float>>(x, dy, dx, accumulate: false);
        GatedActivation.Backward<float, SiluFunction<float>>(x, dy, x, accumulate: false);
        Assert.Equal(dx.Span.ToArray(), x.Span.ToArray());
    }

    [Fact]
    public void A_tape_that_does_not_record_gives_memory_for_the_result_alone()
    {
        using Tape<float> gated = new(records: false), plain = new(records: false);
        gated.Leaf(Samples.Random<float>([500, 4000], 1)).GatedActivation<float, SiluFunction<float>>();
        plain.Result([500, 2000], requiresGradient: false);
        Assert.True(gated.Nodes.IsEmpty);
        Assert.Equal(plain.Capacity, gated.Capacity);
    }

    [Fact]
    public void An_odd_number_of_columns_is_refused()
    {
        Tensor<float> odd = new([2, 5]), even = new([2, 6]), half = new([2, 3]);
        Assert.Throws<ShapeException>(() => GatedActivation.Forward<float, SiluFunction<float>>(odd, half));
        Assert.Throws<ShapeException>(() => GatedActivation.Forward<float, SiluFunction<float>>(even, odd));
        Assert.Throws<ShapeException>(() => GatedActivation.Backward<float, SiluFunction<float>>(even, half, odd, false));
        Assert.Throws<ShapeException>(() => GatedActivation.ShapeOfResult([]));
    }

    private static void AssertIsComposition<TSingle, TDouble>()
        where TSingle : struct, IActivation<float>
        where TDouble : struct, IActivation<double>
    {
        foreach (int columns in s_columns)
        {
            AssertIsCompositionOf<float, TSingle>(columns);
            AssertIsCompositionOf<double, TDouble>(columns);
        }
    }

    private static void AssertIsCompositionOf<T, TFunction>(int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        Tensor<T> x = Samples.Random<T>([Rows, 2 * columns], columns, -4, 4), y = new([Rows, columns]), value = new([Rows, columns]);
        Tensor<T> gate = Samples.Copy(x.Slice(1, 0, columns)), up = x.Slice(1, columns, columns), expected = new([Rows, columns]);
        Map.Forward<T, TFunction>(gate, value);
        Elementwise.Multiply(value, up, expected);
        GatedActivation.Forward<T, TFunction>(x, y);
        Assert.Equal(Samples.Doubles(expected), Samples.Doubles(y));

        Tensor<T> dy = Samples.Random<T>([Rows, columns], 7), dx = Samples.Filled<T>(x.Shape, 3), scaled = new(dy.Shape), expectedDx = new(x.Shape);
        Elementwise.Multiply(dy, up, scaled);
        Tensor<T> dgate = new(dy.Shape);
        Map.Backward<T, TFunction>(gate, value, scaled, dgate, accumulate: false);
        Elementwise.Copy(dgate, expectedDx.Slice(1, 0, columns));
        Elementwise.Multiply(dy, value, expectedDx.Slice(1, columns, columns));
        GatedActivation.Backward<T, TFunction>(x, dy, dx, accumulate: false);
        Assert.Equal(Samples.Doubles(expectedDx), Samples.Doubles(dx));

        Elementwise.Fill(dx, T.One);
        Elementwise.AddConstant(expectedDx, T.One, expectedDx);
        GatedActivation.Backward<T, TFunction>(x, dy, dx, accumulate: true);
        Assert.Equal(Samples.Doubles(expectedDx), Samples.Doubles(dx));
    }
}
