using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class ReductionsTests
{
    private static readonly int[] s_sizes = [.. TriedLengths.Of(1, 257)];

    [Fact]
    public void Sum_over_each_axis()
    {
        foreach (int size in s_sizes)
        {
            CheckSum<float>(1, size, 1);
            CheckSum<double>(5, size, 1);
            CheckSum<double>(3, size, 19);
            CheckSum<float>(1, 3, size);
        }

        foreach (int size in (int[])[1, 2, 3, 8, 15, 16, 17, 33, 65, 129, 257])
        {
            CheckSum<float>(1, size, size);
            CheckSum<float>(size, 3, 70);
            CheckSum<float>(70, size, 2);
        }

        CheckSum<float>(1, 100_000, 1);
        CheckSum<float>(1, 5_000, 37);
        CheckSum<double>(2, 700, 129);
        CheckSum<float>(3, 40_000, 1);
        CheckSum<float>(2, 0, 3);
    }

    [Fact]
    public void SumTo_undoes_every_broadcast()
    {
        Shape full = [3, 4, 5, 2, 6, 7];
        for (int mask = 0; mask < 64; mask++)
        {
            Shape shape = full;
            for (int axis = 0; axis < 6; axis++)
                shape = (mask >> axis & 1) == 1 ? shape.With(axis, 1) : shape;

            CheckSumTo<float>(full, shape);
            CheckSumTo<double>(full, shape);
        }

        CheckSumTo<float>([3, 4, 5], []);
        CheckSumTo<float>([3, 4, 5], [5]);
        CheckSumTo<float>([3, 4, 5], [4, 1]);
        CheckSumTo<float>([300, 64, 33], [64, 1]);
        CheckSumTo<float>([4000, 65], [65]);
        Assert.Throws<ShapeException>(() => Reductions.SumTo(new Tensor<float>([3, 4]), new Tensor<float>([3]), false));
    }

    [Fact]
    public void Totals_are_added_in_double()
    {
        foreach (int size in (int[])[0, 1, 7, 63, 1025, 16384, 16385, 100_001])
        {
            Tensor<float> x = Samples.Random<float>([size], size);
            double[] values = Samples.Doubles(x);
            double sum = values.Sum(), squares = values.Sum(v => v * v), magnitude = values.Sum(Math.Abs);
            Assert.Equal(sum, Reductions.Sum(x), 2 * Samples.Epsilon<float>() * magnitude);
            Assert.Equal(squares, Reductions.SumOfSquares(x), 2 * Samples.Epsilon<float>() * squares);
        }

        // A sum in single precision would stop growing at 2^24.
        Assert.Equal(20_000_000f, Reductions.Sum(Samples.Filled<float>([20_000_000], 1)));
    }

    [Fact]
    public void Max_finds_the_first_of_the_greatest()
    {
        foreach (int size in s_sizes)
        {
            CheckMax(4, size, 1);
            CheckMax(1, size, 35);
            CheckMax(3, size, 7);
        }
    }

    [Fact]
    public void Max_takes_NaN_for_the_greatest()
    {
        Tensor<float> x = Tensor<float>.From([1, float.NaN, float.PositiveInfinity, float.NaN], [4]), max = new([]);
        var index = new Tensor<int>([]);
        Reductions.Max(x, 0, max, index);
        Assert.Equal(float.NaN, max[[]]);
        Assert.Equal(1, index[[]]);
        Assert.Throws<ArgumentException>(() => Reductions.Max(new Tensor<float>([2, 0]), 1, new Tensor<float>([2]), new Tensor<int>([2])));
    }

    private static void CheckSum<T>(int outer, int size, int inner)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Samples.Random<T>([outer, size, inner], size);
        double[] values = Samples.Doubles(x), magnitudes = Twins.Sum([.. values.Select(Math.Abs)], outer, size, inner);
        double[] expected = Twins.Sum(values, outer, size, inner);
        Tensor<T> destination = Samples.Filled<T>([outer, inner], double.NaN);
        Reductions.Sum(x, 1, destination, accumulate: false);

        // Lanes, accumulators and chunks make chains much shorter than the sum.
        double epsilons = 4 + Math.Sqrt(size) / 4;
        Samples.AssertClose(expected, destination, epsilons, i => magnitudes[i]);
        destination = Samples.Filled<T>([outer, inner], 3);
        Reductions.Sum(x, -2, destination, accumulate: true);
        Samples.AssertClose([.. expected.Select(e => e + 3)], destination, epsilons, i => magnitudes[i] + 3);
    }

    private static void CheckSumTo<T>(Shape full, Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Samples.Random<T>(full, 5);
        var expected = new Tensor<double>(shape);
        Tensor<double> view = expected.BroadcastTo(full);
        double[] values = Samples.Doubles(x);
        var index = new int[full.Rank];
        foreach (double value in values)
        {
            view[index] += value;
            for (int axis = full.Rank - 1; axis >= 0 && ++index[axis] == full[axis]; axis--)
                index[axis] = 0;
        }

        double magnitude = 2.0 * full.Count / shape.Count;
        Tensor<T> destination = Samples.Filled<T>(shape, double.NaN);
        Reductions.SumTo(x, destination, accumulate: false);
        Samples.AssertClose(Samples.Doubles(expected), destination, 8, _ => magnitude);
        destination = Samples.Filled<T>(shape, 1);
        Reductions.SumTo(x, destination, accumulate: true);
        Samples.AssertClose([.. Samples.Doubles(expected).Select(e => e + 1)], destination, 8, _ => magnitude + 1);
    }

    private static void CheckMax(int outer, int size, int inner)
    {
        // Few different values, so that there are ties.
        var x = new Tensor<float>([outer, size, inner]);
        var random = new Random(size);
        foreach (ref float value in x.Span)
            value = random.Next(-5, 5);

        Tensor<float> max = new([outer, inner]), dy = Samples.Random<float>([outer, inner], 1);
        var indices = new Tensor<int>([outer, inner]);
        Reductions.Max(x, 1, max, indices);
        Tensor<float> dx = Samples.Filled<float>(x.Shape, double.NaN), more = Samples.Filled<float>(x.Shape, 1);
        Reductions.MaxBackward(dy, indices, 1, dx, accumulate: false);
        Reductions.MaxBackward(dy, indices, 1, more, accumulate: true);
        for (int o = 0; o < outer; o++)
        {
            for (int i = 0; i < inner; i++)
            {
                int best = 0;
                for (int s = 1; s < size; s++)
                    best = x[o, s, i] > x[o, best, i] ? s : best;

                Assert.Equal(best, indices[o, i]);
                Assert.Equal(x[o, best, i], max[o, i]);
                for (int s = 0; s < size; s++)
                {
                    Assert.Equal(s == best ? dy[o, i] : 0, dx[o, s, i]);
                    Assert.Equal(s == best ? dy[o, i] + 1 : 1, more[o, s, i]);
                }
            }
        }
    }
}
