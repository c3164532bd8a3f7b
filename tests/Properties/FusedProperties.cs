using System.Runtime.CompilerServices;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Tensors;
using Xunit;
using static MiniGpt.Tests.Properties.GradientProperty;
using Inputs = System.Collections.Generic.IReadOnlyList<MiniGpt.Autograd.Variable<double>>;

namespace MiniGpt.Tests.Properties;

/// <summary>A fused operator equals the composition of simple ones that it replaces, forward and backward.</summary>
public sealed class FusedProperties
{
    private const double Epsilon = 1e-2;

    [Fact]
    public void Linear_is_a_product_and_a_sum() => AssertEqual(s =>
        (x => x[0].Linear(x[1], x[2]), x => x[0].MatMul(x[1], transposeB: true) + x[2],
            [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C]), Any(s, 2, [s.D])]));

    [Fact]
    public void Linear_with_an_activation_is_one_after_the_other() => AssertEqual(s =>
    {
        Tensor<double>[] inputs = [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C]), Any(s, 2, [s.D])];
        return (s.Choice % 4) switch
        {
            0 => (x => x[0].Linear<double, GeluTanhFunction<double>>(x[1], x[2]), x => x[0].Linear(x[1], x[2]).GeluTanh(), inputs),
            1 => (x => x[0].Linear<double, GeluErfFunction<double>>(x[1], x[2]), x => x[0].Linear(x[1], x[2]).GeluErf(), inputs),
            2 => (x => x[0].Linear<double, SiluFunction<double>>(x[1], x[2]), x => x[0].Linear(x[1], x[2]).Silu(), inputs),
            _ => (x => x[0].Linear<double, ReluFunction<double>>(x[1]), x => x[0].Linear(x[1]).Relu(), inputs[..2]),
        };
    });

    [Fact]
    public void A_gated_activation_is_a_product_of_two_halves() => AssertEqual(s =>
    {
        Tensor<double>[] inputs = [Any(s, 0, s.Shape().With(-1, 2 * s.Shape()[-1]))];
        return (s.Choice % 4) switch
        {
            0 => (x => x[0].GatedActivation<double, GeluTanhFunction<double>>(), x => Half(x[0], 0).GeluTanh() * Half(x[0], 1), inputs),
            1 => (x => x[0].GatedActivation<double, GeluErfFunction<double>>(), x => Half(x[0], 0).GeluErf() * Half(x[0], 1), inputs),
            2 => (x => x[0].GatedActivation<double, SiluFunction<double>>(), x => Half(x[0], 0).Silu() * Half(x[0], 1), inputs),
            _ => (x => x[0].GatedActivation<double, ReluFunction<double>>(), x => Half(x[0], 0).Relu() * Half(x[0], 1), inputs),
        };

        static Variable<double> Half(Variable<double> x, int half) => x.Slice(-1, half * x.Shape[-1] / 2, x.Shape[-1] / 2);
    });

    [Fact]
    public void Attention_is_softmax_between_two_products() => AssertEqual(s =>
    {
        (bool causal, bool padded) = ((s.Choice & 1) != 0, (s.Choice & 2) != 0);
        int examples = 1 + s.A % 2, heads = 1 + s.Rank % 2;

        // The first key is seen by all: the composition makes nonsense of a query that sees nothing.
        Tensor<byte> padding = Tensor<byte>.From(
            [.. Integers(s, [examples * s.C], 0, 4).Span.ToArray().Select((draw, j) => (byte)(padded && draw == 0 && j % s.C > 0 ? 1 : 0))],
            [examples, s.C]);
        var mask = new Tensor<double>([examples, 1, s.B, s.C]);
        for (int example = 0; example < examples; example++)
        {
            for (int i = 0; i < s.B; i++)
            {
                for (int j = 0; j < s.C; j++)
                    mask[example, 0, i, j] = (causal && j > i) || padding[example, j] != 0 ? -1e9 : 0;
            }
        }

        var options = new AttentionOptions<double> { Scale = 1 / Math.Sqrt(s.D), Causal = causal, Padding = padding };
        Shape outer = [examples, heads];
        return (x => x[0].Attention(x[1], x[2], options),
            x => (x[0].MatMul(x[1], transposeB: true) * options.Scale + Tape<double>.Of(x[0]).Constant(mask)).Softmax().MatMul(x[2]),
            [Any(s, 0, outer.Append(s.B).Append(s.D)), Any(s, 1, outer.Append(s.C).Append(s.D)), Any(s, 2, outer.Append(s.C).Append(s.A))]);
    });

    [Fact]
    public void Self_attention_is_attention_of_its_three_parts() => AssertEqual(s =>
    {
        int examples = 1 + s.A % 2, heads = 1 + s.Rank % 3, size = 1 + s.C % 8;
        var options = new AttentionOptions<double>
        {
            Scale = 1 / Math.Sqrt(size),
            Causal = s.Flag(),
            Dropout = s.Choice % 3 == 0 ? 0.3 : 0,
            DropoutStream = new RandomStream((ulong)s.Seed, RandomPurpose.Dropout),
        };
        return (x => x[0].SelfAttention(heads, options),
            x => Part(x[0], 0).Attention(Part(x[0], 1), Part(x[0], 2), options).Transpose(1, 2).Reshape([examples, s.B, heads * size]),
            [Any(s, 0, [examples, s.B, 3 * heads * size])]);

        // (B, T, 3C) to (B, H, T, D)
        Variable<double> Part(Variable<double> qkv, int index) =>
            qkv.Slice(-1, index * heads * size, heads * size).Reshape([examples, s.B, heads, size]).Transpose(1, 2);
    });

    [Fact]
    public void Softmax_is_a_quotient_of_exponentials() => AssertEqual(s =>
        (x => x[0].Softmax(s.Axis()), x => x[0].Exp() / x[0].Exp().Sum(s.Axis(), keepAxis: true), [Any(s, 0, s.Shape())]));

    [Fact]
    public void Log_softmax_subtracts_the_logarithm_of_a_sum() => AssertEqual(s =>
        (x => x[0].LogSoftmax(s.Axis()), x => x[0] - x[0].Exp().Sum(s.Axis(), keepAxis: true).Log(), [Any(s, 0, s.Shape())]));

    [Fact]
    public void Cross_entropy_is_log_softmax_times_one_hot() => AssertEqual(s =>
    {
        Shape shape = s.Shape();
        Tensor<int> targets = Integers(s, shape.Without(-1), s.Flag() ? -1 : 0, shape[-1]);
        int counted = Math.Max(1, targets.Span.ToArray().Count(target => target >= 0));
        var oneHot = new Tensor<double>(shape);
        for (int row = 0; row < targets.Count; row++)
        {
            if (targets.Span[row] >= 0)
                oneHot.Span[row * shape[-1] + targets.Span[row]] = -1.0 / counted;
        }

        return (x => x[0].CrossEntropy(targets, ignoredTarget: -1),
            x => (x[0].LogSoftmax() * Tape<double>.Of(x[0]).Constant(oneHot)).Sum(), [Any(s, 0, shape)]);
    });

    [Fact]
    public void Cross_entropy_with_its_projection_is_one_after_the_other() => AssertEqual(s =>
    {
        Tensor<int> targets = Integers(s, [s.A * s.B], s.Flag() ? -1 : 0, s.D);
        int rowsAtOnce = s.Choice % 4;
        return (x => x[0].ProjectedCrossEntropy(x[1], targets, ignoredTarget: -1, rowsAtOnce),
            x => x[0].Linear(x[1]).CrossEntropy(targets, ignoredTarget: -1), [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C])]);
    });

    [Fact]
    public void Negative_sampling_is_a_sum_of_logarithms_of_sigmoids() => AssertEqual(s =>
    {
        (Tensor<int> contexts, Tensor<int> targets) = NegativeExamples(s);
        // Means and missing targets as products with constant matrices.
        var means = new Tensor<double>([s.A, s.C]);
        var weights = new Tensor<double>([s.A * s.B, s.C]);
        var signs = new Tensor<double>([s.A, s.B, 1]);
        for (int example = 0; example < s.A; example++)
        {
            int[] used = [.. contexts.Slice(0, example, 1).Span.ToArray().Where(id => id >= 0)];
            foreach (int id in used)
                means[example, id] += 1.0 / used.Length;
            for (int j = 0; j < s.B; j++)
            {
                signs[example, j, 0] = j == 0 ? 1 : -1;
                if (targets[example, j] >= 0)
                    weights[example * s.B + j, targets[example, j]] = 1;
            }
        }

        double missing = targets.Span.ToArray().Count(target => target < 0) * Math.Log(2); // a score of 0 costs so much
        return (x => x[0].NegativeSampling(x[1], contexts, targets),
            x =>
            {
                Tape<double> tape = Tape<double>.Of(x[0]);
                Variable<double> h = tape.Constant(means).MatMul(x[0]).Reshape([s.A, s.D, 1]);
                Variable<double> u = tape.Constant(weights).MatMul(x[1]).Reshape([s.A, s.B, s.D]);
                Variable<double> sum = (u.MatMul(h) * tape.Constant(signs)).Sigmoid().Log().Sum() * -1.0;
                return sum - tape.Constant(Tensor<double>.From([missing], []));
            },
            [Any(s, 0, [s.C, s.D]), Any(s, 1, [s.C, s.D])]);
    });

    [Fact]
    public void Smoothed_cross_entropy_spreads_a_share_of_each_target_over_all_tokens() => AssertEqual(s =>
    {
        const double smoothing = 0.3;
        Tensor<int> targets = Integers(s, [s.A * s.B], 0, s.D);
        return (x => x[0].ProjectedCrossEntropy(x[1], targets, rowsAtOnce: s.Choice % 4, bias: x[2], smoothing: smoothing), Composed,
            [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C]), Any(s, 2, [s.D])]);

        Variable<double> Composed(Inputs x)
        {
            Variable<double> logits = x[0].Linear(x[1], x[2]);
            return logits.CrossEntropy(targets) * (1 - smoothing) + logits.LogSoftmax().Mean() * -smoothing;
        }
    });

    [Fact]
    public void Layer_norm_is_centred_scaled_and_moved() => AssertEqual(s =>
    {
        return (x => x[0].LayerNorm(x[1], x[2], Epsilon), Composed,
            [Any(s, 0, s.Shape()), Any(s, 1, [s.Shape()[-1]]), Any(s, 2, [s.Shape()[-1]])]);

        static Variable<double> Composed(Inputs x)
        {
            Variable<double> centred = x[0] - x[0].Mean(-1, keepAxis: true);
            return centred / AddEpsilon((centred * centred).Mean(-1, keepAxis: true)).Sqrt() * x[1] + x[2];
        }
    });

    [Fact]
    public void Rms_norm_is_scaled() => AssertEqual(s =>
        (x => x[0].RmsNorm(x[1], Epsilon), x => x[0] / AddEpsilon((x[0] * x[0]).Mean(-1, keepAxis: true)).Sqrt() * x[1],
            [Any(s, 0, s.Shape()), Any(s, 1, [s.Shape()[-1]])]));

    [Fact]
    public void Dropout_is_a_product_with_its_mask() => AssertEqual(s =>
    {
        double probability = s.Choice % 9 / 10.0;
        var stream = new RandomStream((ulong)s.Seed, RandomPurpose.Dropout);
        var mask = new Tensor<double>(s.Shape());
        for (int i = 0; i < mask.Count; i++)
            mask.Span[i] = stream.Bits((ulong)i) < probability * 4294967296.0 ? 0 : 1 / (1 - probability);

        return (x => x[0].Dropout(probability, stream), x => x[0] * Tape<double>.Of(x[0]).Constant(mask), [Any(s, 0, s.Shape())]);
    });

    [Fact]
    public void Silu_and_sigmoid_and_tanh_are_made_of_exponentials() => AssertEqual(s =>
        (s.Choice % 3) switch
        {
            0 => (x => x[0].Sigmoid(), x => x[0].Exp() / (x[0].Exp() + One(x[0])), [Any(s, 0, s.Shape())]),
            1 => (x => x[0].Silu(), x => x[0] * x[0].Sigmoid(), [Any(s, 0, s.Shape())]),
            _ => (x => x[0].Tanh(), x => (x[0] * 2.0).Sigmoid() * 2.0 - One(x[0]), [Any(s, 0, s.Shape())]),
        });

    [Fact]
    public void Subtraction_mean_and_division_are_made_of_others() => AssertEqual(s =>
        (s.Choice % 3) switch
        {
            0 => (x => x[0] - x[1], x => x[0] + -x[1], [Any(s, 0, s.Shape()), Any(s, 1, s.Part(s.Shape()))]),
            1 => (x => x[0] / x[1], x => x[0] * (-x[1].Log()).Exp(), [Any(s, 0, s.Shape()), Any(s, 1, s.Part(s.Shape()), 0.5)]),
            _ => (x => x[0].Mean(s.Axis()), x => x[0].Sum(s.Axis()) * (1.0 / s.Shape()[s.Axis()]), [Any(s, 0, s.Shape())]),
        });

    [Fact]
    public void A_recurrent_network_is_a_layer_for_each_step() => AssertEqual(s =>
    {
        int gates = (s.Choice % 3) switch { 0 => 1, 1 => 3, _ => 4 }, examples = 1 + s.A % 3, steps = 1 + s.B % 12, width = 1 + s.C % 12;
        bool isReversed = s.Flag();
        Func<Inputs, Variable<double>> fused = gates switch
        {
            1 => x => x[0].Rnn(x[1], x[2], isReversed),
            3 => x => x[0].Gru(x[1], x[3], x[2], isReversed),
            _ => x => x[0].Lstm(x[1], x[2], x[3], isReversed).States,
        };
        Tensor<double>[] inputs =
        [
            Any(s, 0, [examples, steps, gates * width]), Any(s, 1, [gates * width, width]), Any(s, 2, [examples, width]),
            gates == 3 ? Any(s, 3, [gates * width]) : Any(s, 3, [examples, width]),
        ];
        return (fused, Composed, gates == 1 ? inputs[..3] : inputs);

        Variable<double> Composed(Inputs x)
        {
            Variable<double> state = x[2], cell = x[3 % x.Count];
            Variable<double>? all = null;
            for (int step = 0; step < steps; step++)
            {
                Variable<double> input = x[0].Slice(1, isReversed ? steps - 1 - step : step, 1).Reshape([examples, gates * width]);
                Variable<double> recurrent = state.Linear(x[1], gates == 3 ? x[3] : null);
                state = gates switch
                {
                    1 => (input + recurrent).Tanh(),
                    3 => Gru(input, recurrent, state),
                    _ => Lstm(input + recurrent, ref cell),
                };
                Variable<double> here = state.Reshape([examples, 1, width]);
                all = all is null ? here : isReversed ? here.Concat(all, 1) : all.Concat(here, 1);
            }

            return all!;
        }

        Variable<double> Gate(Variable<double> sums, int gate) => sums.Slice(1, gate * width, width);

        Variable<double> Gru(Variable<double> input, Variable<double> recurrent, Variable<double> state)
        {
            Variable<double> r = (Gate(input, 0) + Gate(recurrent, 0)).Sigmoid(), z = (Gate(input, 1) + Gate(recurrent, 1)).Sigmoid();
            Variable<double> n = (Gate(input, 2) + r * Gate(recurrent, 2)).Tanh();
            return n - z * n + z * state;
        }

        Variable<double> Lstm(Variable<double> sums, ref Variable<double> cell)
        {
            cell = Gate(sums, 1).Sigmoid() * cell + Gate(sums, 0).Sigmoid() * Gate(sums, 2).Tanh();
            return Gate(sums, 3).Sigmoid() * cell.Tanh();
        }
    });

    // Leaves whose memory has gaps or runs across.
    [Fact]
    public void What_reads_a_view_in_place_gives_what_it_gives_of_a_copy() => Property.Check(s =>
    {
        Tensor<double> wide = Any(s, 0, [s.A, s.B, s.C + 2]), square = Any(s, 1, [s.A, s.C, s.B]);
        Tensor<double>[] views = [wide.Slice(2, 1, s.C), square.Transpose(1, 2)];
        Tensor<double>[] copies = [.. views.Select(Samples.Copy)];

        // A product of other strides may add in another order.
        Assert.All(Run(copies).Zip(Run(views)), pair => Assert.Equal(pair.First, pair.Second, 1e-11 * Math.Max(1, Math.Abs(pair.First))));

        double[] Run(Tensor<double>[] inputs)
        {
            using var tape = new Tape<double>();
            Variable<double> a = tape.Leaf(inputs[0]), b = tape.Leaf(inputs[1]);
            Variable<double> y = ((a + b) * a - b / (a * a + b * b)).Concat(a * 3.0, s.Choice % 3).Slice(0, 0, 1).Sum()
                + a.MatMul(b, transposeB: true).Sum() + a.MatMul(b, transposeA: true).Sum();
            tape.Backward(y);
            return [.. new[] { y.Value, a.Gradient, b.Gradient }.SelectMany(x => x.Span.ToArray())];
        }
    });

    private static void AssertEqual(
        Func<Sizes, (Func<Inputs, Variable<double>> Fused, Func<Inputs, Variable<double>> Composed, Tensor<double>[] Inputs)> make,
        [CallerMemberName] string name = "") => Property.Check(s =>
        {
            (Func<Inputs, Variable<double>> fused, Func<Inputs, Variable<double>> composed, Tensor<double>[] inputs) = make(s);
            double[][] expected = Run(composed), actual = Run(fused);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Length, actual[i].Length);
                double tolerance = 1e-12 * Math.Max(1, expected[i].Max(Math.Abs));
                Assert.All(expected[i].Zip(actual[i]), pair => Assert.Equal(pair.First, pair.Second, tolerance));
            }

            // The result, then the gradient of each input.
            double[][] Run(Func<Inputs, Variable<double>> function)
            {
                using var tape = new Tape<double>();
                Variable<double>[] x = [.. inputs.Select(tape.Leaf)];
                Variable<double> y = function(x);
                double[] value = y.Value.Span.ToArray();
                tape.Backward(y, Any(s, 200, y.Shape));
                return [value, .. x.Select(input => input.Gradient.Span.ToArray())];
            }
        }, name);

    private static Variable<double> AddEpsilon(Variable<double> x)
    {
        Tensor<double> epsilon = Tensor<double>.From([Epsilon], [1]);
        return x + Tape<double>.Of(x).Constant(epsilon);
    }

    private static Variable<double> One(Variable<double> x) => Tape<double>.Of(x).Constant(Tensor<double>.From([1], [1]));
}
