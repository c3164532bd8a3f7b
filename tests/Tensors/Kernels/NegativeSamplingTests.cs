using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class NegativeSamplingTests
{
    [Fact]
    public void Losses_and_gradients_agree_with_the_plain_loop()
    {
        (int, int, int, int)[] shapes = [(1, 1, 1, 1), (300, 100, 1, 6), (130, 64, 10, 6), (5, 7, 3, 40), .. TriedLengths.Of(1, 257).Select(width => (7, width, 2, 3))];
        foreach ((int examples, int columns, int contexts, int targets) in shapes)
        {
            Check<float>(examples, columns, contexts, targets);
            Check<double>(examples, columns, contexts, targets);
        }
    }

    [Fact]
    public void A_score_that_is_large_costs_itself_and_nothing_is_infinite()
    {
        Tensor<float> inputs = Tensor<float>.From([1], [1, 1]), outputs = Tensor<float>.From([-1000, 1000], [2, 1]), mean = new([1, 1]), errors = new([1, 2]);
        Tensor<int> contexts = Tensor<int>.From([0], [1, 1]);
        Assert.Equal(2000, NegativeSampling.Forward(inputs, outputs, contexts, Tensor<int>.From([0, 1], [1, 2]), mean, errors));
        Assert.Equal([-1, 1], errors.Span.ToArray());
        Assert.Equal(0, NegativeSampling.Forward(inputs, outputs, contexts, Tensor<int>.From([1, 0], [1, 2]), mean, errors), 1e-6);
        Assert.Equal(0, errors[0, 0], 1e-6);
    }

    [Theory]
    [InlineData("context 4 at position 1", 4, 0)]
    [InlineData("context -2 at position 1", -2, 0)]
    [InlineData("target 3 at position 1", 0, 3)]
    public void An_id_outside_of_its_table_is_named(string named, int context, int target)
    {
        Tensor<int> contexts = Tensor<int>.From([0, context], [2, 1]), targets = Tensor<int>.From([0, target], [2, 1]);
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => NegativeSampling.Forward(
            new Tensor<float>([4, 2]), new Tensor<float>([3, 2]), contexts, targets, new Tensor<float>([2, 2]), new Tensor<float>([2, 1]))).Message);
    }

    [Fact]
    public void An_example_without_a_context_is_named()
    {
        Tensor<int> contexts = Tensor<int>.From([0, -1], [2, 1]), targets = Tensor<int>.From([0, 0], [2, 1]);
        Assert.Contains("example 1 has no context", Assert.Throws<ArgumentException>(() => NegativeSampling.Forward(
            new Tensor<float>([4, 2]), new Tensor<float>([3, 2]), contexts, targets, new Tensor<float>([2, 2]), new Tensor<float>([2, 1]))).Message);
    }

    [Fact]
    public void Rows_are_added_to_a_few_of_a_table_and_leave_the_others_alone()
    {
        Tensor<float> table = Tensor<float>.From([1, 2, 3, 4, 5, 6], [3, 2]);
        SparseRows.AddScaled(table, Tensor<int>.From([0, 2], [2]), Tensor<float>.From([1, 1, 10, 20], [2, 2]), 0.5f);
        Assert.Equal([1.5f, 2.5f, 3, 4, 10, 16], table.Span.ToArray());
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    [InlineData(0, 3)]
    [InlineData(-1, 0)]
    public void Ids_that_do_not_ascend_inside_of_the_table_are_refused(int first, int second) =>
        Assert.Contains("ascending ids inside of [0, 3)", Assert.Throws<ArgumentException>(() => SparseRows.AddScaled(
            new Tensor<float>([3, 2]), Tensor<int>.From([first, second], [2]), new Tensor<float>([2, 2]), 1f)).Message);

    private static void Check<T>(int examples, int columns, int contextWidth, int targetWidth)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int rows = 11, targetRows = 13;
        Tensor<T> inputs = Samples.Random<T>([rows, columns], 1, -1, 1), outputs = Samples.Random<T>([targetRows, columns], 2, -1, 1);
        Tensor<int> contexts = Samples.Integers([examples, contextWidth], 3, rows), targets = Samples.Integers([examples, targetWidth], 4, targetRows);
        for (int example = 0; example < examples; example += 3)
        {
            if (contextWidth > 1)
                contexts[example, example % contextWidth] = NegativeSampling.None;
            if (targetWidth > 1)
                targets[example, targetWidth - 1] = NegativeSampling.None;
        }

        PlainNegativeSampling plain = PlainNegativeSampling.Run(
            Samples.Doubles(inputs), Samples.Doubles(outputs), columns, Rows(contexts), Rows(targets));
        Tensor<T> means = new([examples, columns]), errors = new([examples, targetWidth]), dmeans = new([examples, columns]);
        double loss = double.CreateTruncating(NegativeSampling.Forward(inputs, outputs, contexts, targets, means, errors));
        double scale = 40 * Samples.Epsilon<T>() * (1 + columns);
        Assert.InRange(Math.Abs(loss - plain.Loss), 0, scale * (1 + plain.Loss));

        foreach (bool accumulate in (ReadOnlySpan<bool>)[false, true])
        {
            double before = accumulate ? 1 : 0;
            Tensor<T> din = Samples.Filled<T>(inputs.Shape, accumulate ? 1 : double.NaN), dout = Samples.Filled<T>(outputs.Shape, accumulate ? 1 : double.NaN);
            NegativeSampling.BackwardTable(means, targets, errors, T.CreateTruncating(2), dout, accumulate);
            NegativeSampling.BackwardMeans(outputs, targets, errors, T.CreateTruncating(2), dmeans);
            NegativeSampling.BackwardTable(dmeans, contexts, default, T.One, din, accumulate);
            double uses = 1 + (double)examples * Math.Max(contextWidth, targetWidth) / rows;
            Samples.AssertClose([.. plain.OutputGradient.Select(x => before + 2 * x)], dout, 40 * (1 + columns), _ => uses);
            Samples.AssertClose([.. plain.InputGradient.Select(x => before + 2 * x)], din, 40 * (1 + columns), _ => uses * targetWidth);
        }
    }

    private static int[][] Rows(Tensor<int> ids) => [.. ids.Span.ToArray().Chunk(ids.Shape[1])];
}
