using System.Numerics;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Properties;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

/// <summary>Matrices with known singular vectors and values tell what must come out: the same vectors, and the polynomials of the values.</summary>
[Collection("Alone")]
public sealed class NewtonSchulzTests
{
    [Fact]
    public void Singular_values_become_the_polynomials_values_and_vectors_stay() => Property.Check(s =>
    {
        IReadOnlyList<OddQuintic> steps = s.Flag() ? MuonPolynomials.Jordan : MuonPolynomials.FourSteps;
        (double[][] u, double[] values, double[][] v) = Decomposed(s);
        double norm = Math.Sqrt(values.Sum(value => value * value)) + 1e-7;
        double[] expected = Product(u, [.. values.Select(value => Through(steps, value / norm))], v);
        Assert.True(Worst(expected, Orthogonalized<double>(Product(u, values, v), u[0].Length, v[0].Length, steps)) < 1e-9);
        Assert.True(Worst(expected, Orthogonalized<float>(Product(u, values, v), u[0].Length, v[0].Length, steps)) < 2e-3);
    });

    [Fact]
    public void Singular_values_end_in_the_band_unless_they_are_tiny() => Property.Check(s =>
    {
        (double[][] u, double[] values, double[][] v) = Decomposed(s);
        double smallest = 0.003 * Math.Sqrt(values.Sum(value => value * value));
        foreach ((IReadOnlyList<OddQuintic> steps, double low, double high) in
            (ReadOnlySpan<(IReadOnlyList<OddQuintic>, double, double)>)[(MuonPolynomials.Jordan, 0.68, 1.21), (MuonPolynomials.FourSteps, 0.79, 1.21)])
        {
            double[] y = Orthogonalized<double>(Product(u, values, v), u[0].Length, v[0].Length, steps);
            for (int i = 0; i < values.Length; i++)
            {
                if (values[i] >= smallest)
                {
                    Assert.InRange(Along(y, u[i], v[i]), low, high); // the singular value that belongs to these vectors
                }
            }
        }
    });

    [Fact]
    public void The_transpose_gives_the_transpose() => Property.Check(s =>
    {
        int rows = s.A * s.B, columns = s.C;
        Tensor<double> x = GradientProperty.Any(s, 0, [rows, columns]), turned = new([columns, rows]), y = new([rows, columns]), yTurned = new([columns, rows]);
        Elementwise.Copy(x.Transpose(0, 1), turned);
        NewtonSchulz.Orthogonalize(x, [.. MuonPolynomials.Jordan], y);
        NewtonSchulz.Orthogonalize(turned, [.. MuonPolynomials.Jordan], yTurned);
        Assert.True(Worst(Samples.Doubles(y), Samples.Doubles(yTurned.Transpose(0, 1))) < 1e-9);
    });

    [Fact]
    public void In_place_gives_the_same_bits()
    {
        Tensor<float> x = Samples.Random<float>([70, 45], 3), y = new([70, 45]);
        NewtonSchulz.Orthogonalize(x, [.. MuonPolynomials.Jordan], y);
        NewtonSchulz.Orthogonalize(x, [.. MuonPolynomials.Jordan], x);
        Assert.Equal(y.Span.ToArray(), x.Span.ToArray());
    }

    [Fact]
    public void The_size_of_the_matrix_does_not_matter_and_zeros_stay_zeros()
    {
        Tensor<double> x = Samples.Random<double>([7, 5], 3), larger = new([7, 5]), y = new([7, 5]), yLarger = new([7, 5]), zeros = new([7, 5]);
        Elementwise.Scale(x, 1e6, larger);
        NewtonSchulz.Orthogonalize(x, [.. MuonPolynomials.Jordan], y);
        NewtonSchulz.Orthogonalize(larger, [.. MuonPolynomials.Jordan], yLarger);
        Assert.True(Worst(Samples.Doubles(y), Samples.Doubles(yLarger)) < 1e-6);
        NewtonSchulz.Orthogonalize(zeros, [.. MuonPolynomials.Jordan], y);
        Assert.All(y.Span.ToArray(), element => Assert.Equal(0, element));
    }

    [Theory]
    [InlineData(300, 130)]
    [InlineData(130, 300)]
    [InlineData(1, 40)]
    public void Results_are_the_same_bits_on_any_number_of_threads(int rows, int columns) => SameBits.AssertOnAnyNumberOfThreads(() =>
    {
        Tensor<float> x = Samples.Random<float>([rows, columns], 3), y = new([rows, columns]);
        NewtonSchulz.Orthogonalize(x, [.. MuonPolynomials.Jordan], y);
        return y.Span.ToArray();
    });

    [Fact]
    public void What_is_no_matrix_or_another_shape_is_refused()
    {
        Tensor<float> matrix = new([3, 4]), cube = new([3, 4, 1]);
        Assert.Throws<ShapeException>(() => NewtonSchulz.Orthogonalize(matrix, [.. MuonPolynomials.Jordan], new Tensor<float>([4, 3])));
        Assert.Throws<ShapeException>(() => NewtonSchulz.Orthogonalize(cube, [.. MuonPolynomials.Jordan], cube));
        Assert.Throws<InvalidOperationException>(
            () => NewtonSchulz.Orthogonalize(new Tensor<float>([4, 3]).Transpose(0, 1), [.. MuonPolynomials.Jordan], matrix));
    }

    /// <summary>p of p of ... a singular value.</summary>
    internal static double Through(IEnumerable<OddQuintic> steps, double value) => steps.Aggregate(
        value, (x, step) => step.Linear * x + step.Cubic * Math.Pow(x, 3) + step.Quintic * Math.Pow(x, 5));

    /// <summary>Singular vectors from random numbers made orthogonal, and values from 1e-4 to 1.</summary>
    private static (double[][] U, double[] Values, double[][] V) Decomposed(Sizes s)
    {
        var random = new Random(s.Seed);
        int rows = s.A + s.B, columns = s.C + s.D, rank = Math.Min(rows, columns);
        return (Orthonormal(rank, rows), [.. Enumerable.Range(0, rank).Select(_ => Math.Pow(10, -4 * random.NextDouble()))], Orthonormal(rank, columns));

        double[][] Orthonormal(int count, int length)
        {
            var vectors = new double[count][];
            for (int i = 0; i < count; i++)
            {
                vectors[i] = [.. Enumerable.Range(0, length).Select(_ => random.NextDouble() - 0.5)];
                for (int pass = 0; pass < 2; pass++) // Gram and Schmidt, twice for the last digits
                {
                    foreach (double[] earlier in vectors[..i])
                    {
                        double along = Dot(vectors[i], earlier);
                        vectors[i] = [.. vectors[i].Zip(earlier, (x, y) => x - along * y)];
                    }

                    double norm = Math.Sqrt(Dot(vectors[i], vectors[i]));
                    vectors[i] = [.. vectors[i].Select(x => x / norm)];
                }
            }

            return vectors;
        }
    }

    private static double[] Product(double[][] u, double[] values, double[][] v)
    {
        int rows = u[0].Length, columns = v[0].Length;
        var x = new double[rows * columns];
        for (int i = 0; i < x.Length; i++)
            x[i] = Enumerable.Range(0, values.Length).Sum(k => u[k][i / columns] * values[k] * v[k][i % columns]);

        return x;
    }

    private static double Along(double[] matrix, double[] left, double[] right) =>
        left.Select((x, row) => x * Dot(matrix.AsSpan(row * right.Length, right.Length).ToArray(), right)).Sum();

    private static double[] Orthogonalized<T>(double[] elements, int rows, int columns, IReadOnlyList<OddQuintic> steps)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> x = Tensor<T>.From([.. elements.Select(T.CreateTruncating)], [rows, columns]), y = new([rows, columns]);
        NewtonSchulz.Orthogonalize(x, [.. steps], y);
        return Samples.Doubles(y);
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    /// <summary>The largest difference, or NaN where one is: Enumerable.Max would pass over it.</summary>
    private static double Worst(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return expected.Zip(actual, (x, y) => Math.Abs(x - y)).Aggregate(0.0, Math.Max);
    }
}
