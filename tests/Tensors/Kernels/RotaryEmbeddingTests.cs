using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class RotaryEmbeddingTests
{
    [Theory]
    [InlineData(2, 2, false)]
    [InlineData(16, 16, false)]
    [InlineData(67, 66, false)]
    [InlineData(67, 40, false)]
    [InlineData(9, 0, false)]
    [InlineData(2, 2, true)]
    [InlineData(67, 40, true)]
    public void Each_pair_is_a_complex_number_turned_by_its_angle(int depth, int width, bool interleaved)
    {
        Check<double>(depth, width, interleaved);
        Check<float>(depth, width, interleaved);
    }

    [Fact]
    public void Every_head_size_from_1_to_257_is_turned()
    {
        foreach (int depth in TriedLengths.Of(1, 257))
        {
            bool interleaved = depth % 4 < 2;
            if (depth % 3 == 0)
                Check<float>(depth, depth / 3 * 2, interleaved);
            else
                Check<double>(depth, depth / 2 * 2, interleaved);
        }
    }

    [Fact]
    public void Dot_products_depend_on_the_distance_alone()
    {
        const int Depth = 12;
        (Tensor<double> cosines, Tensor<double> sines) = RotaryEmbedding.Tables<double>(40, Depth);
        Tensor<double> q = Samples.Random<double>([1, 1, 1, Depth], 1), k = Samples.Random<double>([1, 1, 1, Depth], 2);
        double near = Product(3, 0), far = Product(37, 34);
        Assert.Equal(near, far, 1e-12);
        Assert.NotEqual(near, Product(4, 0), 1e-3);

        double Product(int queryPosition, int keyPosition) =>
            Turned(q, queryPosition).Zip(Turned(k, keyPosition), (a, b) => a * b).Sum();

        double[] Turned(Tensor<double> x, int position)
        {
            Tensor<double> y = new(x.Shape);
            RotaryEmbedding.Rotate(x, cosines, sines, Tensor<int>.From([position], [1, 1]), y, interleaved: true);
            return y.Span.ToArray();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Turning_back_in_place_gives_what_was_there(bool interleaved)
    {
        (Tensor<double> cosines, Tensor<double> sines) = RotaryEmbedding.Tables<double>(7, 10);
        Tensor<double> x = Samples.Random<double>([2, 3, 7, 11], 1), y = Tensor<double>.From(x.Span, x.Shape);
        RotaryEmbedding.Rotate(y, cosines, sines, default, y, interleaved);
        Assert.NotEqual(x.Span.ToArray(), y.Span.ToArray());
        RotaryEmbedding.Rotate(y, cosines, sines, default, y, interleaved, inverse: true);
        Samples.AssertClose(x.Span.ToArray(), y, 8, _ => 2);
    }

    [Fact]
    public void The_tables_are_the_papers_angles()
    {
        (Tensor<double> cosines, Tensor<double> sines) = RotaryEmbedding.Tables<double>(3, 4);
        // theta_0 = 1, theta_1 = 10000^(-1/2) = 0.01
        Samples.AssertClose([1, 1, Math.Cos(1), Math.Cos(0.01), Math.Cos(2), Math.Cos(0.02)], cosines, 4);
        Samples.AssertClose([0, 0, Math.Sin(1), Math.Sin(0.01), Math.Sin(2), Math.Sin(0.02)], sines, 4);
    }

    [Fact]
    public void Operands_that_do_not_go_together_are_refused()
    {
        Tensor<float> x = new([2, 1, 3, 8]), tables = new([5, 4]);
        void Rotate(Tensor<float> cosines, Tensor<float> sines, Tensor<int> positions = default) =>
            RotaryEmbedding.Rotate(x, cosines, sines, positions, new Tensor<float>(x.Shape), interleaved: false);

        Assert.Throws<ShapeException>(() => Rotate(new([5, 5]), new([5, 5])));
        Assert.Throws<ShapeException>(() => Rotate(tables, new([4, 4])));
        Assert.Throws<ShapeException>(() => Rotate(tables, tables, new([2, 4])));
        Assert.Throws<ArgumentException>(() => Rotate(new([2, 4]), new([2, 4])));
        Assert.Throws<ArgumentException>(() => Rotate(tables, tables, Tensor<int>.From([0, 1, 2, 3, 4, 5], [2, 3])));
        Assert.Throws<ArgumentException>(() => Rotate(tables, tables, Tensor<int>.From([0, 1, 2, 3, 4, -1], [2, 3])));
        Assert.Throws<ArgumentException>(() => RotaryEmbedding.Rotate(
            new Tensor<float>([2, 1, 8, 3]).Transpose(2, 3), tables, tables, default, new Tensor<float>(x.Shape), interleaved: false));
        Assert.Throws<ArgumentException>(() => RotaryEmbedding.Tables<float>(5, 3));
        Assert.Throws<ArgumentException>(() => RotaryEmbedding.Tables<float>(5, 4, theta: 0));
    }

    private static void Check<T>(int depth, int width, bool interleaved)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Examples = 2, Heads = 3, Tokens = 5, Positions = 11;
        (Tensor<T> cosines, Tensor<T> sines) = RotaryEmbedding.Tables<T>(Positions, width, theta: 50);
        Tensor<T> x = Samples.Random<T>([Examples, Tokens, Heads, depth], 1).Transpose(1, 2);
        Tensor<T> y = Samples.Filled<T>([Examples, Heads, Tokens, depth], double.NaN);
        Tensor<int> positions = Samples.Integers([Examples, Tokens], 2, Positions);
        RotaryEmbedding.Rotate(x, cosines, sines, positions, y, interleaved);
        double[] expected = new double[y.Count];
        for (int row = 0; row < expected.Length / depth; row++)
        {
            (int item, int token) = Math.DivRem(row, Tokens);
            double Number(int i) => double.CreateChecked(x[item / Heads, item % Heads, token, i]);
            for (int i = 0; i < depth; i++)
                expected[row * depth + i] = Number(i);

            for (int pair = 0; pair < width / 2; pair++)
            {
                (int first, int second) = interleaved ? (2 * pair, 2 * pair + 1) : (pair, pair + width / 2);
                double angle = positions[item / Heads, token] * Math.Pow(50, -2.0 * pair / width);
                Complex turned = new Complex(Number(first), Number(second)) * Complex.FromPolarCoordinates(1, angle);
                (expected[row * depth + first], expected[row * depth + second]) = (turned.Real, turned.Imaginary);
            }
        }

        Samples.AssertClose(expected, y, 8, _ => 2);
        RotaryEmbedding.Rotate(x, cosines, sines, positions, y, interleaved, accumulate: true);
        Samples.AssertClose([.. expected.Select(number => 2 * number)], y, 16, _ => 2);
    }
}
