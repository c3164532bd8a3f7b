using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using static MiniGpt.Tests.Precision.Rounding;

namespace MiniGpt.Tests.Precision;

/// <summary>Kernels that add up rows, or columns of rows.</summary>
public class RowPrecisionTests
{
    private const int Rows = 3;
    private const float NormEpsilon = 1e-5f;

    [Fact]
    public void Sums_over_an_axis()
    {
        foreach (int n in Lengths)
        {
            CheckSum([Rows, n], 1, Sum(n));
            CheckSum([n, Rows], 0, Sum(n));
        }
    }

    [Fact]
    public void Sums_of_broadcast_gradients()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([2, n, 5], n), y = new([5]);
            Tensor<double> twin = new([5]), size = new([5]);
            Reductions.SumTo(x, y, accumulate: false);
            Reductions.SumTo(Widen(x), twin, accumulate: false);
            Reductions.SumTo(Magnitudes(Widen(x)), size, accumulate: false);
            AssertWithin(twin, y, i => Sum(2 * n) * size.Span[i]);
        }
    }

    // Added up in double from pieces of 1024.
    [Fact]
    public void Totals()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([n], n);
            double[] values = [.. Widen(x).Span];
            double allowed = Sum(Math.Min(n, 1024)) * Epsilon, squares = values.Sum(v => v * v);
            Assert.Equal(values.Sum(), Reductions.Sum(x), allowed * values.Sum(Math.Abs));
            Assert.Equal(squares, Reductions.SumOfSquares(x), allowed * squares);
        }
    }

    [Fact]
    public void Maxima_are_exact()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([Rows, n], n), y = new([Rows]);
            var indices = new Tensor<int>([Rows]);
            Reductions.Max(x, 1, y, indices);
            Assert.Equal(Widen(x).Span.ToArray().Chunk(n).Select(row => row.Max()), Widen(y).Span.ToArray());
        }
    }

    // The difference of the exponents, d = max − x, is rounded by d/2 epsilons, which is a share of that size of the result; then come
    // the exponential, the sum and the quotient.
    [Fact]
    public void Softmax_and_its_logarithm()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([Rows, n], n, -9, 9), dy = Random([Rows, n], 1), y = new(x.Shape), dx = new(x.Shape);
            Tensor<double> wideX = Widen(x), twin = new(x.Shape), slope = new(x.Shape), size = new(x.Shape);
            double[] max = [.. wideX.Span.ToArray().Chunk(n).Select(row => row.Max())];
            Softmax.Forward(x, y);
            Softmax.Forward(wideX, twin);
            AssertWithin(twin, y, i => (Sum(n) + 4 + max[i / n] - wideX.Span[i]) * twin.Span[i]);

            // From the same y: its product with a difference of dy and a sum of products.
            Softmax.Backward(y, dy, dx, accumulate: false);
            Softmax.Backward(Widen(y), Widen(dy), slope, accumulate: false);
            double[] products = [.. y.Span.ToArray().Zip(dy.Span.ToArray(), (p, d) => (double)p * Math.Abs(d))];
            double[] mean = [.. products.Chunk(n).Select(row => row.Sum())];
            AssertWithin(slope, dx, i => (Sum(n) + 2) * y.Span[i] * (Math.Abs(dy.Span[i]) + mean[i / n]));

            // An error of a sum is, for its logarithm, that error in units of the sum.
            LogSoftmax.Forward(x, y);
            LogSoftmax.Forward(wideX, twin);
            AssertWithin(twin, y, i => Sum(n) + 4 + max[i / n] - wideX.Span[i] + Math.Log(n));
            LogSoftmax.Backward(y, dy, dx, accumulate: false);
            LogSoftmax.Backward(Widen(y), Widen(dy), slope, accumulate: false);
            Reductions.Sum(Magnitudes(Widen(dy)), 1, size = new([Rows]), accumulate: false);
            AssertWithin(slope, dx, i => (Sum(n) + 2) * (Math.Abs(dy.Span[i]) + Math.Exp(y.Span[i]) * size.Span[i / n]));
        }
    }

    // With M the mean of |x|: the mean is a sum, so every x − mean may be wrong by an error of M, which is M / deviation once normed.
    [Fact]
    public void Layer_norm()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([Rows, n], n), dy = Random(x.Shape, 1), gain = Random([n], 2), bias = Random([n], 3), y = new(x.Shape);
            Tensor<float> mean = new([Rows]), inverse = new([Rows]), dx = new(x.Shape), dgain = new([n]), dbias = new([n]);
            Tensor<double> wideX = Widen(x), twin = new(x.Shape), wideMean = new([Rows]), wideInverse = new([Rows]);
            LayerNorm.Forward(x, gain, bias, y, mean, inverse, NormEpsilon);
            LayerNorm.Forward(wideX, Widen(gain), Widen(bias), twin, wideMean, wideInverse, NormEpsilon);
            double[] m = [.. wideX.Span.ToArray().Chunk(n).Select(row => row.Average(Math.Abs))], inv = [.. wideInverse.Span];
            double Normal(int i) => (Math.Abs(x.Span[i]) + m[i / n]) * inv[i / n];
            AssertWithin(wideMean, mean, row => Sum(n) * m[row]);
            AssertWithin(wideInverse, inverse, row => (Sum(n) + 2) * inv[row] * (1 + m[row] * inv[row]));
            AssertWithin(twin, y, i =>
                (Sum(n) + 2) * (Normal(i) * (1 + m[i / n] * inv[i / n]) * Math.Abs(gain.Span[i % n]) + Math.Abs(bias.Span[i % n])));

            LayerNorm.Backward(x, gain, mean, inverse, dy, dx, false, dgain, false, dbias, false);
            CheckGradients(x, gain, mean, inverse, dy, dx, dgain, dbias);
        }
    }

    [Fact]
    public void Rms_norm()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([Rows, n], n), dy = Random([Rows, n], 1), gain = Random([n], 2), y = new(x.Shape);
            Tensor<float> inverse = new([Rows]), dx = new(x.Shape), dgain = new([n]);
            Tensor<double> twin = new(x.Shape), wideInverse = new([Rows]);
            RmsNorm.Forward(x, gain, y, inverse, NormEpsilon);
            RmsNorm.Forward(Widen(x), Widen(gain), twin, wideInverse, NormEpsilon);
            AssertWithin(wideInverse, inverse, row => (Sum(n) + 2) * wideInverse.Span[row]);
            AssertWithin(twin, y, i => (Sum(n) + 4) * Math.Abs(twin.Span[i]));

            RmsNorm.Backward(x, gain, inverse, dy, dx, false, dgain, false);
            CheckGradients(x, gain, default, inverse, dy, dx, dgain, default);
        }
    }

    // Of the row: max − logit(target) + ln Σ, in which the sum counts as in the logarithm of softmax.
    [Fact]
    public void Cross_entropy()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([Rows, n], n, -9, 9), logSumExp = new([Rows, 2]), dx = new(x.Shape);
            Tensor<double> wideX = Widen(x), wideLogSumExp = new([Rows, 2]), twin = new(x.Shape);
            Tensor<int> targets = Tensor<int>.From([0, n / 2, n - 1], [Rows]);
            float loss = CrossEntropy.Forward(x, targets, logSumExp, -100);
            double expected = CrossEntropy.Forward(wideX, targets, wideLogSumExp, -100);
            Assert.Equal(expected, loss, (Sum(n) + 4 + 18 + Math.Log(n)) * Epsilon);
            AssertWithin(wideLogSumExp, logSumExp, row => Sum(n) + 4 + 9 + Math.Log(n));

            // From the same log-sum-exp: the exponent's rounding, as in softmax, and one rounding of the target's difference.
            CrossEntropy.Backward(x, targets, logSumExp, -100, 1f, dx, accumulate: false);
            CrossEntropy.Backward(wideX, targets, Widen(logSumExp), -100, 1, twin, accumulate: false);
            AssertWithin(twin, dx, i =>
            {
                double exponent = wideX.Span[i] - logSumExp.Span[i / n * 2] - logSumExp.Span[i / n * 2 + 1];
                return (4 + Math.Abs(exponent)) / Rows * (Math.Exp(exponent) + (i % n == targets.Span[i / n] ? 1 : 0));
            });
        }
    }

    [Fact]
    public void Embedding_rows_are_copied_and_their_gradients_summed()
    {
        foreach (int n in Lengths)
        {
            int[] positions = [.. Enumerable.Range(0, 40).Select(i => i * i % 7)];
            Tensor<int> ids = Tensor<int>.From(positions, [40]);
            Tensor<float> table = Random([7, n], n), rows = new([40, n]), gradient = new([7, n]);
            Tensor<double> twin = new([7, n]), size = new([7, n]);
            Embedding.Gather(table, ids, rows);
            for (int row = 0; row < positions.Length; row++)
                Assert.True(rows.Span.Slice(row * n, n).SequenceEqual(table.Span.Slice(positions[row] * n, n)));

            Embedding.Scatter(rows, ids, gradient, accumulate: false);
            Embedding.Scatter(Widen(rows), ids, twin, accumulate: false);
            Embedding.Scatter(Magnitudes(Widen(rows)), ids, size, accumulate: false);
            AssertWithin(twin, gradient, i => Sum(positions.Length) * size.Span[i]);
        }
    }

    private static void CheckSum(Shape shape, int axis, double epsilons)
    {
        Tensor<float> x = Random(shape, (int)shape.Count), y = new(shape.Without(axis));
        Tensor<double> twin = new(y.Shape), size = new(y.Shape);
        Reductions.Sum(x, axis, y, accumulate: false);
        Reductions.Sum(Widen(x), axis, twin, accumulate: false);
        Reductions.Sum(Magnitudes(Widen(x)), axis, size, accumulate: false);
        AssertWithin(twin, y, i => epsilons * size.Span[i]);
    }

    /// <summary>From the same means and deviations: inv (g − mean(g) − n mean(g n)), and sums over rows.</summary>
    private static void CheckGradients(
        Tensor<float> x, Tensor<float> gain, Tensor<float> mean, Tensor<float> inverse, Tensor<float> dy, Tensor<float> dx,
        Tensor<float> dgain, Tensor<float> dbias)
    {
        int n = gain.Shape[0];
        Tensor<double> slope = new(x.Shape), gainSlope = new([n]), biasSlope = new([n]);
        if (mean.IsEmpty)
            RmsNorm.Backward(Widen(x), Widen(gain), Widen(inverse), Widen(dy), slope, false, gainSlope, false);
        else
        {
            LayerNorm.Backward(
                Widen(x), Widen(gain), Widen(mean), Widen(inverse), Widen(dy), slope, false, gainSlope, false, biasSlope, false);
            AssertWithin(biasSlope, dbias, i => Sum(Rows) * Enumerable.Range(0, Rows).Sum(row => Math.Abs(dy.Span[row * n + i])));
        }

        double G(int i) => Math.Abs((double)dy.Span[i] * gain.Span[i % n]);
        double Normal(int i) => (Math.Abs(x.Span[i]) + (mean.IsEmpty ? 0 : Math.Abs(mean.Span[i / n]))) * inverse.Span[i / n];
        double[] sums = [.. Enumerable.Range(0, Rows).Select(row => Enumerable.Range(row * n, n).Average(G))];
        double[] products = [.. Enumerable.Range(0, Rows).Select(row => Enumerable.Range(row * n, n).Average(i => G(i) * Normal(i)))];
        AssertWithin(slope, dx, i => (Sum(n) + 2) * inverse.Span[i / n] * (G(i) + sums[i / n] + Normal(i) * products[i / n]));
        AssertWithin(gainSlope, dgain, i =>
            (Sum(Rows) + 2) * Enumerable.Range(0, Rows).Sum(row => Math.Abs(dy.Span[row * n + i]) * Normal(row * n + i)));
    }
}
