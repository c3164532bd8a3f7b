using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>The directions in which vectors differ most (Pearson 1901): the flat map that loses least.</summary>
/// <param name="Coordinates">[V, 2]: where each vector lies on the map.</param>
/// <param name="Shares">The share of the variance that each of the two directions has.</param>
/// <param name="Centre">[C]: the mean of all vectors, which lies in the middle of the map.</param>
/// <param name="Axes">[2, C]: the two directions, each of length 1.</param>
public sealed record PrincipalComponents(float[] Coordinates, double[] Shares, float[] Centre, float[] Axes)
{
    private const int Components = 2;
    private const int MostIterations = 1000;
    private const double Converged = 1e-10;

    /// <summary>Finds the first two components of the rows of a table.</summary>
    /// <param name="table">[V, C]; not changed.</param>
    public static PrincipalComponents Of(Tensor<float> table)
    {
        (int count, int width) = (table.Shape[0], table.Shape[1]);
        using Tape<float> tape = new(records: false);
        Variable<float> rows = tape.Constant(table);
        Variable<float> mean = rows.Mean(0, keepAxis: true), centred = rows - mean;
        double[] covariance = [.. centred.MatMul(centred, transposeA: true).Value.Span.ToArray().Select(element => (double)element)];

        double total = Enumerable.Range(0, width).Sum(i => covariance[i * width + i]);
        float[] axes = new float[width * Components];
        double[] shares = new double[Components];
        for (int component = 0; component < Components; component++)
        {
            (double[] axis, double variance) = Leading(covariance, width);
            shares[component] = total > 0 ? variance / total : 0;
            for (int i = 0; i < width; i++)
            {
                axes[component * width + i] = (float)axis[i];
                for (int j = 0; j < width; j++)
                    covariance[i * width + j] -= variance * axis[i] * axis[j]; // what is left has the next component in front
            }
        }

        Variable<float> map = centred.MatMul(tape.Constant(Tensor<float>.From(axes, [Components, width])), transposeB: true);
        return new PrincipalComponents(map.Value.Span[..(count * Components)].ToArray(), shares, mean.Value.Span[..width].ToArray(), axes);
    }

    /// <summary>The eigenvector of the largest eigenvalue of a symmetric matrix, by power iteration; its largest entry is positive.</summary>
    private static (double[] Vector, double Value) Leading(double[] matrix, int width)
    {
        double[] vector = [.. Enumerable.Range(0, width).Select(i => 1 / Math.Sqrt(width) * (1 + 0.5 * Math.Sin(i + 1)))];
        double value = 0;
        for (int iteration = 0; iteration < MostIterations; iteration++)
        {
            double[] next = Multiply(matrix, vector);
            value = Math.Sqrt(next.Sum(x => x * x));
            if (value == 0)
                break;
            double change = 0;
            for (int i = 0; i < width; i++)
            {
                double entry = next[i] / value;
                change = Math.Max(change, Math.Abs(entry - vector[i]));
                vector[i] = entry;
            }
            if (change < Converged)
                break;
        }
        double largest = vector.MaxBy(Math.Abs);
        return (largest < 0 ? [.. vector.Select(x => -x)] : vector, value);
    }

    private static double[] Multiply(double[] matrix, double[] vector)
    {
        double[] product = new double[vector.Length];
        for (int i = 0; i < product.Length; i++)
        {
            ReadOnlySpan<double> row = matrix.AsSpan(i * vector.Length, vector.Length);
            double sum = 0;
            for (int j = 0; j < row.Length; j++)
                sum += row[j] * vector[j];
            product[i] = sum;
        }
        return product;
    }
}
