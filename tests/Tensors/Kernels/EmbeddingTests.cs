using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class EmbeddingTests
{
    [Fact]
    public void Rows_are_gathered_and_their_gradients_scattered()
    {
        (int, int, int)[] shapes = [(1, 1, 1), (65, 129, 300), .. TriedLengths.Of(1, 257).Select(width => (7, width, 20))];
        foreach ((int vocabulary, int width, int count) in shapes)
        {
            Check<float>(vocabulary, width, count);
            Check<double>(vocabulary, width, count);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    public void An_id_outside_of_the_table_is_named(int id)
    {
        Tensor<int> ids = Tensor<int>.From([0, id], [2]);
        Tensor<float> table = new([4, 3]), rows = new([2, 3]);
        Assert.Contains($"id {id} at position 1", Assert.Throws<ArgumentException>(() => Embedding.Gather(table, ids, rows)).Message);
        Assert.Contains($"id {id} at position 1", Assert.Throws<ArgumentException>(() => Embedding.Scatter(rows, ids, table, true)).Message);
        Assert.Throws<ShapeException>(() => Embedding.Gather(table, new Tensor<int>([3]), rows));
    }

    private static void Check<T>(int vocabulary, int width, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> table = Samples.Random<T>([vocabulary, width], 1), rows = new([1, count, width]);
        Tensor<int> ids = Samples.Integers([1, count], 2, vocabulary);
        Embedding.Gather(table, ids, rows);
        var expected = new double[vocabulary * width];
        var uses = new double[vocabulary];
        for (int i = 0; i < count; i++)
        {
            uses[ids[0, i]]++;
            for (int c = 0; c < width; c++)
            {
                Assert.Equal(table[ids[0, i], c], rows[0, i, c]);
                expected[ids[0, i] * width + c] += double.CreateTruncating(rows[0, i, c]);
            }
        }

        Tensor<T> gradient = Samples.Filled<T>(table.Shape, double.NaN);
        Embedding.Scatter(rows, ids, gradient, accumulate: false);
        Samples.AssertClose(expected, gradient, 1, i => uses[i / width] * Math.Abs(expected[i]));
        gradient = Samples.Filled<T>(table.Shape, 1);
        Embedding.Scatter(rows, ids, gradient, accumulate: true);
        Samples.AssertClose([.. expected.Select(e => e + 1)], gradient, 1, i => (1 + uses[i / width]) * (1 + Math.Abs(expected[i])));
    }
}
