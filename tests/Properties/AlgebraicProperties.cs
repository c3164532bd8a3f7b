using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using static MiniGpt.Tests.Properties.GradientProperty;

namespace MiniGpt.Tests.Properties;

/// <summary>What mathematics says of the operators, whatever their inputs.</summary>
public sealed class AlgebraicProperties
{
    private const double Tolerance = 1e-12;

    [Fact]
    public void Softmax_is_positive_and_sums_to_one_along_its_axis() => Property.Check(s =>
    {
        using var tape = new Tape<double>(records: false);
        Variable<double> y = tape.Constant(Any(s, 0, s.Shape(), -9)).Softmax(s.Axis());
        Assert.All(y.Value.Span.ToArray(), p => Assert.InRange(p, double.Epsilon, 1 + Tolerance));
        Assert.All(y.Sum(s.Axis()).Value.Span.ToArray(), sum => Assert.Equal(1, sum, Tolerance));
    });

    [Fact]
    public void Softmax_ignores_a_shift() => Property.Check(s =>
    {
        using var tape = new Tape<double>(records: false);
        Variable<double> x = tape.Constant(Any(s, 0, s.Shape())), shift = tape.Constant(Any(s, 1, s.Shape().With(s.Axis(), 1), -300));
        AssertEqual(x.Softmax(s.Axis()), (x + shift).Softmax(s.Axis()));
        AssertEqual(x.LogSoftmax(s.Axis()), (x + shift).LogSoftmax(s.Axis()));
    });

    [Fact]
    public void Log_softmax_is_the_logarithm_of_softmax() => Property.Check(s =>
    {
        using var tape = new Tape<double>(records: false);
        Variable<double> x = tape.Constant(Any(s, 0, s.Shape()));
        AssertEqual(x.Softmax(s.Axis()).Log(), x.LogSoftmax(s.Axis()));
    });

    [Fact]
    public void Causal_attention_never_depends_on_later_tokens() => Property.Check(s =>
    {
        Shape shape = [1 + s.A % 2, 1 + s.Rank % 2, s.B, s.D];
        int kept = 1 + s.Choice % s.B;
        float[] Seen(float later)
        {
            using var tape = new Tape<float>(records: false);
            Variable<float>[] x = [.. Enumerable.Range(0, 3).Select(i => tape.Constant(Singles(Any(s, i, shape), kept, later)))];
            Variable<float> y = x[0].Attention(x[1], x[2], new AttentionOptions<float> { Scale = 0.5f, Causal = true });
            return y.Slice(2, 0, kept).Value.Span.ToArray();
        }

        float[] seen = Seen(0);
        Assert.Equal(seen, Seen(1000)); // the same bits
        Assert.Equal(seen, Seen(-1e30f)); // whose products overflow
    });

    [Fact]
    public void A_padding_mask_equals_cutting_the_padding_off() => Property.Check(s =>
    {
        int heads = 1 + s.Rank % 2, kept = 1 + s.Choice % s.C;
        using var tape = new Tape<double>();
        Variable<double> q = tape.Leaf(Any(s, 0, [1, heads, s.B, s.D]));
        Variable<double> k = tape.Leaf(Any(s, 1, [1, heads, s.C, s.D])), v = tape.Leaf(Any(s, 2, [1, heads, s.C, s.A]));
        Tensor<byte> padding = Tensor<byte>.From([.. Enumerable.Range(0, s.C).Select(j => (byte)(j < kept ? 0 : 1))], [1, s.C]);
        var options = new AttentionOptions<double> { Scale = 0.5, Causal = s.Flag(), FirstQuery = s.C };
        Tensor<double> upstream = Any(s, 3, [1, heads, s.B, s.A]);
        (double[] masked, double[][] maskedGradients) = Run(q.Attention(k, v, options with { Padding = padding }));
        (double[] cut, double[][] cutGradients) = Run(q.Attention(k.Slice(2, 0, kept), v.Slice(2, 0, kept), options));
        AssertEqual(masked, cut);
        foreach ((double[] a, double[] b) in maskedGradients.Zip(cutGradients))
            AssertEqual(a, b);

        (double[] Y, double[][] Gradients) Run(Variable<double> y)
        {
            double[] value = y.Value.Span.ToArray();
            tape.Backward(y, upstream);
            double[][] gradients = [.. new[] { q, k, v }.Select(x => x.Gradient.Span.ToArray())];
            foreach (Variable<double> x in new[] { q, k, v })
                x.ClearGradient();

            return (value, gradients);
        }
    });

    [Fact]
    public void Attention_stays_between_the_smallest_and_the_largest_value() => Property.Check(s =>
    {
        using var tape = new Tape<double>(records: false);
        Variable<double> q = tape.Constant(Any(s, 0, [1, 1, s.B, s.D])), k = tape.Constant(Any(s, 1, [1, 1, s.C, s.D]));
        Variable<double> v = tape.Constant(Any(s, 2, [1, 1, s.C, s.A]));
        Variable<double> y = q.Attention(k, v, new AttentionOptions<double> { Scale = 1 });
        double low = v.Value.Span.ToArray().Min() - Tolerance, high = v.Value.Span.ToArray().Max() + Tolerance;
        Assert.All(y.Value.Span.ToArray(), x => Assert.InRange(x, low, high));
    });

    [Fact]
    public void Permuted_heads_give_permuted_outputs() => Property.Check(s =>
    {
        int heads = 2 + s.Rank % 3, size = 1 + s.C % 8, turn = 1 + s.Choice % (heads - 1);
        using var tape = new Tape<double>(records: false);
        Variable<double> qkv = tape.Constant(Any(s, 0, [1 + s.A % 2, s.B, 3 * heads * size]));
        var options = new AttentionOptions<double> { Scale = 0.5, Causal = s.Flag() };
        Variable<double> permuted = Turned(Part(0)).Concat(Turned(Part(1)), -1).Concat(Turned(Part(2)), -1);
        Assert.Equal(
            Turned(qkv.SelfAttention(heads, options)).Value.Span.ToArray(), permuted.SelfAttention(heads, options).Value.Span.ToArray());

        Variable<double> Part(int index) => qkv.Slice(-1, index * heads * size, heads * size);
        Variable<double> Turned(Variable<double> x) =>
            x.Slice(-1, turn * size, (heads - turn) * size).Concat(x.Slice(-1, 0, turn * size), -1);
    });

    [Fact]
    public void Layer_norm_gives_mean_zero_and_variance_one() => Property.Check(s =>
    {
        const double Epsilon = 1e-3;
        Tensor<double> gain = new([s.Shape()[-1]]), bias = new([s.Shape()[-1]]);
        gain.Span.Fill(1);
        using var tape = new Tape<double>(records: false);
        Variable<double> x = tape.Constant(Any(s, 0, s.Shape())), g = tape.Constant(gain), b = tape.Constant(bias);
        Variable<double> normal = x.LayerNorm(g, b, Epsilon), centred = x - x.Mean(-1, keepAxis: true);
        Assert.All(normal.Mean(-1).Value.Span.ToArray(), mean => Assert.Equal(0, mean, Tolerance));

        // The variance misses one by what epsilon takes.
        Variable<double> variance = (centred * centred).Mean(-1);
        AssertEqual([.. variance.Value.Span.ToArray().Select(v => v / (v + Epsilon))], [.. (normal * normal).Mean(-1).Value.Span]);
        AssertEqual(normal, (x * 3.0 + tape.Constant(Any(s, 1, [1]))).LayerNorm(g, b, 9 * Epsilon));
        AssertEqual(x.RmsNorm(g, Epsilon), (x * 3.0).RmsNorm(g, 9 * Epsilon));
    });

    [Fact]
    public void Matrix_products_are_associative_and_transposed_in_reverse_order() => Property.Check(s =>
    {
        using var tape = new Tape<double>(records: false);
        Variable<double> a = tape.Constant(Any(s, 0, [s.A, s.B])), b = tape.Constant(Any(s, 1, [s.B, s.C]));
        Variable<double> c = tape.Constant(Any(s, 2, [s.C, s.D]));
        AssertEqual(a.MatMul(b).MatMul(c), a.MatMul(b.MatMul(c)), s.B * s.C);
        AssertEqual(a.MatMul(b).Transpose(0, 1), b.MatMul(a, transposeA: true, transposeB: true), s.B);
    });

    [Fact]
    public void Cross_entropy_is_log_softmax_at_the_target() => Property.Check(s =>
    {
        Tensor<int> targets = Integers(s, s.Shape().Without(-1), s.Flag() ? -1 : 0, s.Shape()[-1]);
        using var tape = new Tape<double>(records: false);
        Variable<double> x = tape.Constant(Any(s, 0, s.Shape(), -5));
        double[] logs = x.LogSoftmax().Value.Span.ToArray();
        double[] losses = [.. targets.Span.ToArray().Zip(logs.Chunk(s.Shape()[-1])).Where(row => row.First >= 0).Select(row => -row.Second[row.First])];
        double expected = losses.Length == 0 ? 0 : losses.Average();
        Assert.Equal(expected, x.CrossEntropy(targets, ignoredTarget: -1).Value.Span[0], Tolerance);
    });

    [Fact]
    public void Embedding_is_a_product_with_one_hot_rows() => Property.Check(s =>
    {
        Tensor<int> ids = Integers(s, [s.A], 0, s.C);
        var oneHot = new Tensor<double>([s.A, s.C]);
        for (int row = 0; row < s.A; row++)
            oneHot[row, ids[row]] = 1;

        using var tape = new Tape<double>(records: false);
        Variable<double> table = tape.Constant(Any(s, 0, [s.C, s.D]));
        Assert.Equal(tape.Constant(oneHot).MatMul(table).Value.Span.ToArray(), tape.Embedding(table, ids).Value.Span.ToArray());
    });

    private static void AssertEqual(Variable<double> expected, Variable<double> actual, double magnitude = 1)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        AssertEqual(expected.Value.Span.ToArray(), actual.Value.Span.ToArray(), magnitude);
    }

    private static void AssertEqual(double[] expected, double[] actual, double magnitude = 1)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Tolerance * Math.Max(magnitude, Math.Abs(expected[i])));
    }

    /// <summary>In single precision, with everything from a token on replaced.</summary>
    private static Tensor<float> Singles(Tensor<double> x, int kept, float later)
    {
        int tokens = x.Shape[2], width = x.Shape[3];
        return Tensor<float>.From(
            [.. x.Span.ToArray().Select((element, i) => i / width % tokens < kept ? (float)element : later)], x.Shape);
    }
}
