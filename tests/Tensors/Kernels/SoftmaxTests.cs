using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class SoftmaxTests
{
    private const float None = float.NegativeInfinity;

    [Fact]
    public void Rows_of_any_length_agree_with_the_plain_loop()
    {
        foreach (int columns in TriedLengths.Of(1, 257))
            Check<double>(3, columns);

        foreach (int columns in TriedLengths.Of(1, 70))
            Check<float>(3, columns);

        Check<float>(257, 129);
        Check<double>(129, 257);
        Check<float>(2, 50257);
    }

    [Fact]
    public void Rows_that_no_cache_holds_agree_with_the_plain_loop()
    {
        // 64 MB and rows of an odd length, so that they begin at any place within a vector.
        CheckRows<float>(4096, 4097);
        CheckRows<double>(2048, 4097);

        static void CheckRows<T>(int rows, int columns)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            Tensor<T> x = Samples.Random<T>([rows, columns], 1, -9, 9), y = new(x.Shape);
            Softmax.Forward(x, y);
            foreach (int row in (int[])[0, 1, 2, 3, 15, 16, 17, rows / 2, rows - 2, rows - 1])
            {
                // 18 for the exponent; the rest for the sum, which without vectors is a chain of 1024 additions.
                Samples.AssertClose(Twins.Softmax(Samples.Doubles(x.Slice(0, row, 1)), columns), y.Slice(0, row, 1), 64);
            }
        }
    }

    [Fact]
    public void Large_numbers_do_not_overflow()
    {
        Tensor<float> x = Tensor<float>.From([3e38f, -3e38f, 3e38f, 1000, 1000, 999], [2, 3]), y = new([2, 3]);
        Softmax.Forward(x, y);
        Assert.Equal([0.5f, 0, 0.5f], y.Span[..3].ToArray());
        Assert.Equal(1 / (2 + Math.Exp(-1)), y[1, 0], 1e-6);
        LogSoftmax.Forward(x, y);
        Assert.Equal(-Math.Log(2), y[0, 0], 1e-6);
        Assert.Equal(-Math.Log(2 + Math.Exp(-1)) - 1, y[1, 2], 1e-6);
    }

    [Fact]
    public void Masked_elements_get_nothing_and_a_fully_masked_row_is_zero()
    {
        Tensor<float> x = Tensor<float>.From([None, 1, None, 1, None, None, None, None], [2, 4]), y = new([2, 4]);
        Softmax.Forward(x, y);
        Assert.Equal([0, 0.5f, 0, 0.5f, 0, 0, 0, 0], y.Span.ToArray());
        LogSoftmax.Forward(x, y);
        Assert.Equal([None, -MathF.Log(2), None, -MathF.Log(2), None, None, None, None], y.Span.ToArray());
    }

    // Over 64 MB: results are written past the caches while the next row is read. Rows of an odd length start anywhere in a vector.
    [Fact]
    public void Rows_that_come_from_memory_and_go_there_agree_with_the_plain_loop()
    {
        const int Rows = 340, Columns = 50257;
        Tensor<float> x = Samples.Random<float>([Rows, Columns], 1, -9, 9), y = Samples.Filled<float>(x.Shape, double.NaN);
        x.Slice(0, 3, 1).Span.Fill(None);
        x[5, Columns - 1] = float.NaN;
        x.Slice(0, 7, 1).Span.Fill(None);
        x[7, 1] = -3e38f;
        Softmax.Forward(x, y);
        foreach (int row in (ReadOnlySpan<int>)[0, 1, 2, 4, 6, 8, 15, 16, 17, Rows - 1])
            Samples.AssertClose(Twins.Softmax(Samples.Doubles(x.Slice(0, row, 1)), Columns), y.Slice(0, row, 1), 24);

        Assert.Equal(-1, y.Slice(0, 3, 1).Span.IndexOfAnyExcept(0f));
        Assert.Equal(-1, y.Slice(0, 5, 1).Span.IndexOfAnyExcept(float.NaN));
        Assert.Equal(1, y[7, 1]);
        Softmax.Forward(x, x);
        Assert.True(MemoryMarshal.AsBytes(y.Span).SequenceEqual(MemoryMarshal.AsBytes(x.Span)), "in place");
    }

    [Fact]
    public void NaN_spoils_its_row_and_no_other()
    {
        Tensor<float> x = Samples.Random<float>([2, 37], 1), y = new([2, 37]);
        x[0, 36] = float.NaN;
        Softmax.Forward(x, y);
        Assert.All(Samples.Doubles(y.Slice(0, 0, 1)), value => Assert.True(double.IsNaN(value)));
        Assert.Equal(1, Samples.Doubles(y.Slice(0, 1, 1)).Sum(), 1e-6);
    }

    [Fact]
    public void Tensors_of_different_shapes_are_refused() =>
        Assert.Throws<ShapeException>(() => Softmax.Forward(new Tensor<float>([2, 3]), new Tensor<float>([3, 2])));

    private static void Check<T>(int rows, int columns)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Samples.Random<T>([rows, columns], columns, -9, 9), dy = Samples.Random<T>(x.Shape, 1), y = new(x.Shape);
        double[] values = Samples.Doubles(x), upstream = Samples.Doubles(dy);
        double[] expected = Twins.Softmax(values, columns);

        // The exponent of e is rounded once: up to 18 times epsilon where it is 18.
        Softmax.Forward(x, y);
        Samples.AssertClose(expected, y, 24);
        double[] slope = Twins.SoftmaxGradient(expected, upstream, columns);
        CheckBackward(slope, 48, i => 4 * expected[i], (dx, accumulate) => Softmax.Backward(y, dy, dx, accumulate));

        double[] logs = [.. expected.Select(p => Math.Log(p))];
        LogSoftmax.Forward(x, y);
        Samples.AssertClose(logs, y, 4, _ => 20);
        double[] sums = Twins.Sum(upstream, rows, columns, 1), sizes = Twins.Sum([.. upstream.Select(Math.Abs)], rows, columns, 1);
        double[] logSlope = [.. upstream.Select((g, i) => g - expected[i] * sums[i / columns])];
        CheckBackward(
            logSlope, 48, i => 2 + expected[i] * sizes[i / columns], (dx, accumulate) => LogSoftmax.Backward(y, dy, dx, accumulate));

        LogSoftmax.Backward(y, dy, dy, accumulate: false);
        Samples.AssertClose(logSlope, dy, 48, i => 2 + expected[i] * sizes[i / columns]);
        Softmax.Forward(x, x);
        Samples.AssertClose(expected, x, 24);

        void CheckBackward(double[] gradient, double epsilons, Func<int, double> size, Action<Tensor<T>, bool> backward)
        {
            Tensor<T> dx = Samples.Filled<T>([rows, columns], double.NaN);
            backward(dx, false);
            Samples.AssertClose(gradient, dx, epsilons, size);
            dx = Samples.Filled<T>([rows, columns], 1);
            backward(dx, true);
            Samples.AssertClose([.. gradient.Select(g => g + 1)], dx, epsilons, i => 1 + size(i));
        }
    }
}
