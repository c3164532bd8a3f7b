using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class NormTests
{
    private const double Epsilon = 1e-5;

    private static readonly (int Rows, int Columns)[] s_shapes =
        [(1, 2), (3, 3), (1, 8), (5, 15), (7, 16), (2, 17), (33, 33), (257, 64), (65, 129), (1000, 65), (0, 5), .. TriedLengths.Of(2, 257).Select(columns => (3, columns))];

    [Fact]
    public void LayerNorm_agrees_with_the_plain_loop()
    {
        foreach ((int rows, int columns) in s_shapes)
        {
            CheckLayerNorm<float>(rows, columns);
            CheckLayerNorm<double>(rows, columns);
        }
    }

    [Fact]
    public void RmsNorm_agrees_with_the_plain_loop()
    {
        foreach ((int rows, int columns) in s_shapes)
        {
            CheckRmsNorm<float>(rows, columns);
            CheckRmsNorm<double>(rows, columns);
        }
    }

    [Fact]
    public void LayerNorm_keeps_its_precision_far_from_zero()
    {
        Tensor<float> x = Tensor<float>.From([10001, 10002, 10003, 10004], [1, 4]), y = new([1, 4]);
        LayerNorm.Forward(x, Samples.Filled<float>([4], 1), default, y, default, default, 0f);
        Samples.AssertClose([-1.5 / Math.Sqrt(1.25), -0.5 / Math.Sqrt(1.25), 0.5 / Math.Sqrt(1.25), 1.5 / Math.Sqrt(1.25)], y, 4);
    }

    [Fact]
    public void A_row_of_equal_numbers_becomes_the_bias()
    {
        Tensor<float> bias = Samples.Random<float>([19], 1), y = new([1, 19]);
        LayerNorm.Forward(Samples.Filled<float>([1, 19], 3), Samples.Filled<float>([19], 2), bias, y, default, default, 1e-5f);
        Samples.AssertClose(Samples.Doubles(bias), y, 0);
    }

    [Fact]
    public void Parameters_of_another_length_are_refused()
    {
        var x = new Tensor<float>([2, 3]);
        ShapeException error = Assert.Throws<ShapeException>(() =>
            LayerNorm.Forward(x, new Tensor<float>([4]), default, x, default, default, 0f));
        Assert.Contains("LayerNorm", error.Message);
        Assert.Throws<ShapeException>(() => RmsNorm.Forward(x, new Tensor<float>([3]), x, new Tensor<float>([3]), 0f));
    }

    // As the heads of queries lie in [B, T, (H + 2G) · D]; then with the time axis inside of that of the heads.
    [Fact]
    public void Rows_that_lie_apart_give_the_bits_of_a_copy()
    {
        foreach (bool turned in (bool[])[false, true])
        {
            foreach (int size in (int[])[1, 5, 16, 33])
            {
                AssertSameAsCopies<float>(size, turned);
                AssertSameAsCopies<double>(size, turned);
            }
        }
    }

    [Fact]
    public void Rows_with_gaps_and_destinations_that_repeat_are_refused()
    {
        Tensor<float> x = new([4, 4]), gain = new([4]), once = new([1, 4]), perRow = new([4]);
        Assert.Throws<InvalidOperationException>(() => RmsNorm.Forward(x.Transpose(0, 1), gain, x, default, 0f));
        Assert.Throws<InvalidOperationException>(() => LayerNorm.Forward(x, gain, default, x.Transpose(0, 1), default, default, 0f));
        Assert.Throws<ArgumentException>(() => RmsNorm.Forward(x, gain, once.BroadcastTo([4, 4]), default, 0f));
        Assert.Throws<ArgumentException>(
            () => RmsNorm.Backward(x, gain, perRow, x, once.BroadcastTo([4, 4]), false, default, false));
    }

    [Fact]
    public void LayerNorm_without_bias_has_a_bias_of_zero()
    {
        Tensor<float> x = Samples.Random<float>([9, 21], 1), gain = Samples.Random<float>([21], 2), y = new(x.Shape), with = new(x.Shape);
        LayerNorm.Forward(x, gain, default, y, default, default, 1e-5f);
        LayerNorm.Forward(x, gain, new Tensor<float>([21]), with, default, default, 1e-5f);
        Assert.Equal(with.Span.ToArray(), y.Span.ToArray());
    }

    private static void AssertSameAsCopies<T>(int size, bool turned)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Heads = 3, Groups = 1, Examples = 2, Tokens = 7;
        Tensor<T> Packed(int seed) => Samples.Random<T>([Examples, Tokens, Heads + 2 * Groups, size], seed);
        Tensor<T> View(Tensor<T> packed) => turned ? packed.Slice(2, 1, Heads).Transpose(1, 2) : packed.Slice(2, 1, Heads);
        Tensor<T> packedX = Packed(1), packedY = Packed(2), packedDy = Packed(3), packedDx = Packed(4);
        Tensor<T> x = Samples.Copy(View(packedX)), y = new(x.Shape), dy = Samples.Copy(View(packedDy)), dx = Samples.Copy(View(packedDx));
        Tensor<T> gain = Samples.Random<T>([size], 5), bias = Samples.Random<T>([size], 6), epsilon = Samples.Filled<T>([1], Epsilon);
        int rows = (int)(x.Count / size);
        double[] untouched = Samples.Doubles(packedY.Slice(2, 0, 1)), untouchedDx = Samples.Doubles(packedDx.Slice(2, 4, 1));

        Tensor<T> mean = new([rows]), inverse = new([rows]), dgain = new([size]), dbias = new([size]);
        LayerNorm.Forward(x, gain, bias, y, mean, inverse, epsilon.Span[0]);
        LayerNorm.Forward(View(packedX), gain, bias, View(packedY), default, default, epsilon.Span[0]);
        Assert.Equal(Samples.Doubles(y), Samples.Doubles(View(packedY)));
        Tensor<T> dgainOfView = new([size]), dbiasOfView = new([size]);
        LayerNorm.Backward(x, gain, mean, inverse, dy, dx, true, dgain, false, dbias, false);
        LayerNorm.Backward(
            View(packedX), gain, mean, inverse, View(packedDy), View(packedDx), true, dgainOfView, false, dbiasOfView, false);
        Assert.Equal(
            [.. Samples.Doubles(dx), .. Samples.Doubles(dgain), .. Samples.Doubles(dbias)],
            [.. Samples.Doubles(View(packedDx)), .. Samples.Doubles(dgainOfView), .. Samples.Doubles(dbiasOfView)]);

        RmsNorm.Forward(x, gain, y, inverse, epsilon.Span[0]);
        RmsNorm.Forward(View(packedX), gain, View(packedY), default, epsilon.Span[0]);
        Assert.Equal(Samples.Doubles(y), Samples.Doubles(View(packedY)));
        RmsNorm.Backward(x, gain, inverse, dy, dx, true, dgain, true);
        RmsNorm.Backward(View(packedX), gain, inverse, View(packedDy), View(packedDx), true, dgainOfView, true);
        Assert.Equal([.. Samples.Doubles(dx), .. Samples.Doubles(dgain)], [.. Samples.Doubles(View(packedDx)), .. Samples.Doubles(dgainOfView)]);
        Assert.Equal(untouched, Samples.Doubles(packedY.Slice(2, 0, 1)));
        Assert.Equal(untouchedDx, Samples.Doubles(packedDx.Slice(2, 4, 1)));
    }

    // Tolerances in epsilons of the sum of what was added up; the deviation makes small rows' quotients larger than their terms.
    private static void CheckLayerNorm<T>(int rows, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Samples.Random<T>([rows, columns], columns), dy = Samples.Random<T>(x.Shape, 2), y = new(x.Shape);
        Tensor<T> gain = Samples.Random<T>([columns], 3), bias = Samples.Random<T>([columns], 4), mean = new([rows]), inverse = new([rows]);
        double[] xs = Samples.Doubles(x), gains = Samples.Doubles(gain), upstream = Samples.Doubles(dy);
        (double[] ys, double[] means, double[] inverses) = Twins.LayerNorm(xs, gains, Samples.Doubles(bias), Epsilon);
        LayerNorm.Forward(x, gain, bias, y, mean, inverse, T.CreateTruncating(Epsilon));
        Samples.AssertClose(means, mean, 4, _ => 2);
        Samples.AssertClose(inverses, inverse, 32, i => inverses[i] * (1 + inverses[i]));
        Samples.AssertClose(ys, y, 64, i => 4 + 8 * inverses[i / columns]);

        (double[] dxs, double[] dgains, double[] dbiases) = Twins.NormGradients(xs, gains, means, inverses, upstream, centred: true);
        double Size(int i) => 4 + 8 * inverses[i / columns] * inverses[i / columns];
        double total = inverses.Sum(v => 4 * (1 + v));
        Tensor<T> dx = Samples.Filled<T>(x.Shape, 1), dgain = Samples.Filled<T>([columns], 1), dbias = Samples.Filled<T>([columns], 1);
        LayerNorm.Backward(x, gain, mean, inverse, dy, dx, true, dgain, true, dbias, true);
        Samples.AssertClose([.. dxs.Select(v => v + 1)], dx, 64, Size);
        Samples.AssertClose([.. dgains.Select(v => v + 1)], dgain, 32, _ => 1 + total);
        Samples.AssertClose([.. dbiases.Select(v => v + 1)], dbias, 8, _ => 1 + 2 * rows);

        LayerNorm.Backward(x, gain, mean, inverse, dy, default, false, dgain, false, dbias, false);
        Samples.AssertClose(dgains, dgain, 32, _ => total);
        Samples.AssertClose(dbiases, dbias, 8, _ => 2 * rows);
        LayerNorm.Backward(x, gain, mean, inverse, dy, dy, false, default, false, default, false);
        Samples.AssertClose(dxs, dy, 64, Size);
    }

    private static void CheckRmsNorm<T>(int rows, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Samples.Random<T>([rows, columns], columns), dy = Samples.Random<T>(x.Shape, 2), y = new(x.Shape);
        Tensor<T> gain = Samples.Random<T>([columns], 3), inverse = new([rows]);
        double[] xs = Samples.Doubles(x), gains = Samples.Doubles(gain), upstream = Samples.Doubles(dy), zeros = new double[rows];
        double[] squares = Twins.Sum([.. xs.Select(v => v * v)], rows, columns, 1);
        double[] inverses = [.. squares.Select(s => 1 / Math.Sqrt(s / columns + Epsilon))];
        RmsNorm.Forward(x, gain, y, inverse, T.CreateTruncating(Epsilon));
        Samples.AssertClose(inverses, inverse, 8);
        Samples.AssertClose([.. xs.Select((v, i) => v * inverses[i / columns] * gains[i % columns])], y, 16);

        (double[] dxs, double[] dgains, _) = Twins.NormGradients(xs, gains, zeros, inverses, upstream, centred: false);
        double Size(int i) => 4 + 8 * inverses[i / columns];
        double total = inverses.Sum(v => 4 * (1 + v));
        Tensor<T> dx = Samples.Filled<T>(x.Shape, 1), dgain = Samples.Filled<T>([columns], 1);
        RmsNorm.Backward(x, gain, inverse, dy, dx, true, dgain, true);
        Samples.AssertClose([.. dxs.Select(v => v + 1)], dx, 32, Size);
        Samples.AssertClose([.. dgains.Select(v => v + 1)], dgain, 16, _ => 1 + total);

        RmsNorm.Backward(x, gain, inverse, dy, default, false, dgain, false);
        Samples.AssertClose(dgains, dgain, 16, _ => total);
        RmsNorm.Backward(x, gain, inverse, dy, dy, false, default, false);
        Samples.AssertClose(dxs, dy, 32, Size);
    }
}
