using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class DropoutTests
{
    private static readonly RandomStream s_stream = new(7, default, 3, 1);

    [Theory]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(16390)]
    public void An_element_stays_where_its_bits_reach_the_probability(int size)
    {
        Tensor<float> x = Samples.Random<float>([size], 1), y = Samples.Filled<float>([size], double.NaN);
        Dropout.Apply(x, y, s_stream, 0.2, accumulate: false);
        double[] expected = [.. Samples.Doubles(x).Select((v, i) => s_stream.Bits((ulong)i) / 4294967296.0 >= 0.2 ? v / 0.8 : 0)];
        Samples.AssertClose(expected, y, 1);
        Dropout.Apply(x, y, s_stream, 0.2, accumulate: true);
        Samples.AssertClose([.. expected.Select(v => 2 * v)], y, 2);
    }

    [Fact]
    public void The_share_that_is_dropped_is_the_probability()
    {
        Tensor<double> x = Samples.Filled<double>([100_000], 1);
        Dropout.Apply(x, x, s_stream, 0.3, accumulate: false);
        Assert.Equal(0.3, Samples.Doubles(x).Count(v => v == 0) / 1e5, 0.006); // four standard deviations
        Assert.Equal(1, Samples.Doubles(x).Average(), 0.01);
    }

    [Fact]
    public void At_probability_zero_nothing_changes()
    {
        Tensor<float> x = Samples.Random<float>([99], 1), y = new([99]);
        Dropout.Apply(x, y, s_stream, 0, accumulate: false);
        Assert.Equal(Samples.Doubles(x), Samples.Doubles(y));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void Impossible_probabilities_are_refused(double probability) =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Dropout.Apply(new Tensor<float>([1]), new Tensor<float>([1]), s_stream, probability, false));
}
