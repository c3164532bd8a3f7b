using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Properties;
using MiniGpt.Tests.Reference;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Precision;

/// <summary>
/// A number that all logits of a row share changes no probability, however large it is: gradients in single precision keep the digits that
/// the logits have, compared with a plain loop in double precision over the same, rounded, logits.
/// </summary>
public sealed class OffsetPrecisionTests
{
    // Of 2^-23: the exponential, the sum and the exponent's rounding, which is up to 8.
    private const double Ulps = 48;

    [Fact]
    public void Cross_entropy_keeps_its_gradients_under_any_offset() => Property.Check(s =>
    {
        int rows = s.A, vocabulary = s.B * s.C;
        Tensor<float> logits = Offset(s, [rows, vocabulary]), dlogits = new(logits.Shape), logSumExp = new([rows, 2]);
        Tensor<int> targets = GradientProperty.Integers(s, [rows], 0, vocabulary);
        float loss = CrossEntropy.Forward(logits, targets, logSumExp, -100);
        CrossEntropy.Backward(logits, targets, logSumExp, -100, 1f, dlogits, accumulate: false);
        AssertGradients(logits, targets, loss, dlogits);
    });

    [Fact]
    public void Cross_entropy_with_its_projection_does_too() => Property.Check(s =>
    {
        // A single input of 1: the logits are the weights.
        int rows = s.A, vocabulary = s.B * s.C;
        Tensor<float> logits = Offset(s, [1, vocabulary]), all = new([rows, vocabulary]), dlogits = new(all.Shape);
        Tensor<int> targets = GradientProperty.Integers(s, [rows], 0, vocabulary);
        Elementwise.Copy(logits, all);
        using var tape = new Tape<float>();
        Variable<float> weight = tape.Leaf(logits.Reshape([vocabulary, 1]));
        Variable<float> loss = tape.Leaf(Samples.Filled<float>([rows, 1], 1)).ProjectedCrossEntropy(weight, targets, -100, s.Choice % 4);
        float value = loss.Value.Span[0];
        tape.Backward(loss);

        // The weights' gradients are the sums over the rows of those of the logits.
        (double expectedLoss, double[] gradients) = Expected(all, targets);
        Assert.Equal(expectedLoss, value, Ulps * Rounding.Epsilon * (1 + expectedLoss));
        for (int i = 0; i < vocabulary; i++)
        {
            int[] column = [.. Enumerable.Range(0, rows).Select(row => row * vocabulary + i)];
            double[] terms = [.. column.Select(j => gradients[j])];
            Assert.Equal(terms.Sum(), weight.Gradient.Span[i], Ulps * Rounding.Epsilon * (1e-3 + column.Sum(j => Probability(gradients, targets, j))));
        }
    });

    // Scores are sums of a few multiples of 1/64 times a power of two, exact in both precisions: an offset in each key's first number, which
    // queries multiply by 1.
    [Fact]
    public void Attention_keeps_its_gradients_under_any_offset_of_the_scores() => Property.Check(s =>
    {
        int queries = s.A, keys = s.B, depth = 1 + s.C % 8, values = 1 + s.D % 8;
        var random = new Random(s.Seed);
        int offset = random.Next(-1 << 16, 1 << 16);
        float scale = random.Next(2) == 0 ? 0.25f : 2;
        Tensor<float> q = Eighths([1, 1, queries, depth]), k = Eighths([1, 1, keys, depth]), v = Eighths([1, 1, keys, values]);
        Tensor<float> dy = Eighths([1, 1, queries, values]);
        Elementwise.Fill(q.Slice(3, 0, 1), 1f);
        Elementwise.Fill(k.Slice(3, 0, 1), offset);
        (double[] dq, double[] dk, double[] dv) = Gradients(q, k, v, dy, new AttentionOptions<float> { Scale = scale, Causal = s.Flag() });
        PlainAttention plain = new(queries, keys, depth, values, scale, isVisible: (i, j) => !s.Flag() || j <= i, factor: (_, _) => 1);
        (double[] plainDq, double[] plainDk, double[] plainDv) = plain.Backward(
            Samples.Doubles(q), Samples.Doubles(k), Samples.Doubles(v), Samples.Doubles(dy));
        AssertClose(plainDv, dv, _ => true);
        AssertClose(plainDk, dk, _ => true);
        AssertClose(plainDq, dq, i => i % depth > 0); // the first is a sum of multiples of the offset, that cancel

        Tensor<float> Eighths(Shape shape) =>
            Tensor<float>.From([.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.Next(-8, 9) / 8f)], shape);

        static void AssertClose(double[] expected, double[] actual, Func<int, bool> counts)
        {
            Assert.Equal(expected.Length, actual.Length);
            double tolerance = 4 * Ulps * Rounding.Epsilon * Math.Max(1, expected.Max(Math.Abs));
            Assert.All(Enumerable.Range(0, expected.Length).Where(counts), i => Assert.Equal(expected[i], actual[i], tolerance));
        }
    });

    private static (double[] Dq, double[] Dk, double[] Dv) Gradients(
        Tensor<float> q, Tensor<float> k, Tensor<float> v, Tensor<float> dy, AttentionOptions<float> options)
    {
        Tensor<float> y = new(dy.Shape), logSumExp = new(q.Shape.With(3, 2)), dq = new(q.Shape), dk = new(k.Shape), dv = new(v.Shape);
        Attention.Forward(q, k, v, y, logSumExp, options);
        Attention.Backward(q, k, v, y, logSumExp, dy, dq, dk, dv, accumulate: false, options);
        return (Samples.Doubles(dq), Samples.Doubles(dk), Samples.Doubles(dv));
    }

    /// <summary>Numbers of a row in -4 to 4 around one offset up to 100,000 of either sign, rounded to single precision.</summary>
    private static Tensor<float> Offset(Sizes s, Shape shape)
    {
        var random = new Random(s.Seed);
        var tensor = new Tensor<float>(shape);
        double offset = 0;
        for (int i = 0; i < tensor.Count; i++)
        {
            offset = i % shape[-1] == 0 ? Math.Pow(10, 5 * random.NextDouble()) * (random.Next(2) * 2 - 1) : offset;
            tensor.Span[i] = (float)(offset + 8 * random.NextDouble() - 4);
        }

        return tensor;
    }

    private static void AssertGradients(Tensor<float> logits, Tensor<int> targets, float loss, Tensor<float> dlogits)
    {
        (double expectedLoss, double[] gradients) = Expected(logits, targets);
        Assert.Equal(expectedLoss, loss, Ulps * Rounding.Epsilon * (1 + expectedLoss));
        for (int i = 0; i < gradients.Length; i++)
            Assert.Equal(gradients[i], dlogits.Span[i], Ulps * Rounding.Epsilon * Probability(gradients, targets, i));
    }

    /// <summary>What is rounded: a target's gradient is the difference of its probability and 1.</summary>
    private static double Probability(double[] gradients, Tensor<int> targets, int i)
    {
        int vocabulary = gradients.Length / targets.Shape[0];
        return Math.Abs(gradients[i]) + (targets.Span[i / vocabulary] == i % vocabulary ? 1.0 / targets.Shape[0] : 0);
    }

    private static (double Loss, double[] Gradients) Expected(Tensor<float> logits, Tensor<int> targets)
    {
        int vocabulary = logits.Shape[1], rows = logits.Shape[0];
        double[] x = Samples.Doubles(logits), probabilities = Twins.Softmax(x, vocabulary), sums = Twins.LogSumExp(x, vocabulary);
        double loss = Enumerable.Range(0, rows).Average(row => sums[row] - x[row * vocabulary + targets.Span[row]]);
        return (loss, [.. probabilities.Select((p, i) => (p - (targets.Span[i / vocabulary] == i % vocabulary ? 1 : 0)) / rows)]);
    }
}
