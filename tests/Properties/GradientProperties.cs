using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using Inputs = System.Collections.Generic.IReadOnlyList<MiniGpt.Autograd.Variable<double>>;
using Operator = System.Func<
    MiniGpt.Autograd.Tape<double>,
    System.Collections.Generic.IReadOnlyList<MiniGpt.Autograd.Variable<double>>,
    MiniGpt.Autograd.Variable<double>>;

namespace MiniGpt.Tests.Properties;

/// <summary>
/// Backward agrees with differences for every operator, whatever the shapes. The environment variable MINIGPT_PROPERTY_CASES sets how many
/// cases each operator gets.
/// </summary>
public class GradientProperties
{
    private const int MostElements = 4096;

    private static readonly int s_cases =
        int.TryParse(Environment.GetEnvironmentVariable("MINIGPT_PROPERTY_CASES"), CultureInfo.InvariantCulture, out int cases)
            ? cases : 100;

    [Fact]
    public void Add() => HoldsBroadcast((_, x) => x[0] + x[1]);

    [Fact]
    public void Subtract() => HoldsBroadcast((_, x) => x[0] - x[1]);

    [Fact]
    public void Multiply() => HoldsBroadcast((_, x) => x[0] * x[1]);

    [Fact]
    public void Divide() => HoldsBroadcast((_, x) => x[0] / x[1], low: 0.5);

    [Fact]
    public void Scale() => HoldsElementwise(x => x * -1.7);

    [Fact]
    public void Exp() => HoldsElementwise(x => x.Exp());

    [Fact]
    public void Log() => HoldsElementwise(x => x.Log(), low: 0.5);

    [Fact]
    public void Sqrt() => HoldsElementwise(x => x.Sqrt(), low: 0.5);

    [Fact]
    public void Tanh() => HoldsElementwise(x => x.Tanh());

    [Fact]
    public void Sigmoid() => HoldsElementwise(x => x.Sigmoid());

    [Fact]
    public void Relu() => Holds(s => (x => x[0].Relu(), [AwayFromZero(s, s.Shape())]));

    [Fact]
    public void Silu() => HoldsElementwise(x => x.Silu());

    [Fact]
    public void GeluTanh() => HoldsElementwise(x => x.GeluTanh());

    [Fact]
    public void GeluErf() => HoldsElementwise(x => x.GeluErf());

    [Fact]
    public void Dropout() =>
        Holds(s => (x => x[0].Dropout(s.Choice % 10 / 10.0, new RandomStream((ulong)s.Seed, RandomPurpose.Dropout)),
            [Any(s, 0, s.Shape())]));

    [Fact]
    public void Sum_of_an_axis() => HoldsAlongAnAxis((s, x) => x.Sum(s.Axis(), keepAxis: s.Flag()));

    [Fact]
    public void Sum_of_all() => HoldsElementwise(x => x.Sum());

    [Fact]
    public void Mean_of_an_axis() => HoldsAlongAnAxis((s, x) => x.Mean(s.Axis(), keepAxis: s.Flag()));

    [Fact]
    public void Mean_of_all() => HoldsElementwise(x => x.Mean());

    [Fact]
    public void Max() => Holds(s => (x => x[0].Max(s.Axis()), [Distinct(s, s.Shape())]));

    [Fact]
    public void Softmax() => HoldsAlongAnAxis((s, x) => x.Softmax(s.Axis()));

    [Fact]
    public void LogSoftmax() => HoldsAlongAnAxis((s, x) => x.LogSoftmax(s.Axis()));

    [Fact]
    public void LayerNorm() => Holds(s =>
        (x => x[0].LayerNorm(x[1], x[2], 1e-2), [Any(s, 0, s.Shape()), Any(s, 1, [s.Shape()[-1]]), Any(s, 2, [s.Shape()[-1]])]));

    [Fact]
    public void RmsNorm() => Holds(s => (x => x[0].RmsNorm(x[1], 1e-2), [Any(s, 0, s.Shape()), Any(s, 1, [s.Shape()[-1]])]));

    [Fact]
    public void MatMul_with_broadcasts_and_transposes() => Holds(s =>
    {
        (bool turnA, bool turnB) = ((s.Choice & 1) != 0, (s.Choice & 2) != 0);
        Shape a = turnA ? [s.C, s.B] : [s.B, s.C], b = turnB ? [s.D, s.C] : [s.C, s.D];
        (a, b) = (s.Choice >> 2 & 3) switch
        {
            1 => (a.Prepend(s.A), b),
            2 => (a, b.Prepend(s.A)),
            3 => (a.Prepend(s.A), b.Prepend(s.Rank % 2 == 0 ? s.A : 1)),
            _ => (a, b),
        };
        return (x => x[0].MatMul(x[1], turnA, turnB), [Any(s, 0, a), Any(s, 1, b)]);
    });

    [Fact]
    public void Linear() => Holds(s => (x => x[0].Linear(x[1], s.Flag() ? x[2] : null), LinearInputs(s)));

    [Fact]
    public void Linear_with_an_activation() => Holds(s => ((s.Choice % 3) switch
    {
        0 => x => x[0].Linear<double, GeluTanhFunction<double>>(x[1], x[2]),
        1 => x => x[0].Linear<double, GeluErfFunction<double>>(x[1], x[2]),
        _ => x => x[0].Linear<double, SiluFunction<double>>(x[1], x[2]),
    }, LinearInputs(s)));

    [Fact]
    public void Linear_with_ReLU() => Holds(s =>
    {
        Tensor<double>[] inputs = LinearInputs(s);
        foreach (ref double bias in inputs[2].Span)
        {
            bias += Math.CopySign(4 * inputs[1].Shape[1], bias); // more than any product: no kink is near
        }

        return (x => x[0].Linear<double, ReluFunction<double>>(x[1], x[2]), inputs);
    });

    [Fact]
    public void Chains_of_views() => Holds(s =>
    {
        Shape shape = s.Shape();
        int axis = s.Axis(), other = (s.Choice >> 3) % shape.Rank;
        int start = s.Choice % shape[axis];
        return (x => x[0].Slice(axis, start, shape[axis] - start).Transpose(axis, other).Reshape([Count(shape, axis, start)]).Exp(),
            [Any(s, 0, shape)]);
    });

    [Fact]
    public void Concat() => Holds(s =>
    {
        Shape shape = s.Shape();
        return (x => x[0].Concat(x[1], s.Axis()), [Any(s, 0, shape), Any(s, 1, shape.With(s.Axis(), 1 + s.Choice % 5))]);
    });

    [Fact]
    public void Embedding() => Holds(s =>
    {
        Tensor<int> ids = Integers(s, [s.A, s.B], 0, s.C);
        return ((tape, x) => tape.Embedding(x[0], ids), [Any(s, 0, [s.C, s.D])]);
    });

    [Fact]
    public void CrossEntropy() => Holds(s =>
    {
        Shape shape = s.Shape();
        Tensor<int> targets = Integers(s, shape.Without(-1), s.Flag() ? -1 : 0, shape[-1]); // -1 is ignored
        return (x => x[0].CrossEntropy(targets, ignoredTarget: -1), [Any(s, 0, shape)]);
    });

    [Fact]
    public void Attention() => Holds(s =>
    {
        Tensor<int> hidden = Integers(s, [1 + s.A % 2, s.C], 0, 3);
        Tensor<byte> padding = Tensor<byte>.From([.. hidden.Span.ToArray().Select(number => (byte)(number == 0 ? 1 : 0))], hidden.Shape);
        var options = new AttentionOptions<double>
        {
            Scale = 1 / Math.Sqrt(s.D),
            Causal = (s.Choice & 1) != 0,
            FirstQuery = (s.Choice & 2) != 0 ? Math.Max(0, s.C - s.B) : 0,
            Padding = (s.Choice & 4) != 0 ? padding : default,
            Dropout = (s.Choice & 8) != 0 ? 0.25 : 0,
            DropoutStream = new RandomStream((ulong)s.Seed, RandomPurpose.Dropout),
            SoftCap = (s.Choice & 16) != 0 ? 1.5 : 0,
            Mask = (s.Choice & 32) != 0 ? Mask(s) : default,
        };
        Shape outer = [hidden.Shape[0], s.Rank];
        return (x => x[0].Attention(x[1], x[2], options),
            [Any(s, 0, outer.Append(s.B).Append(s.D)), Any(s, 1, outer.Append(s.C).Append(s.D)), Any(s, 2, outer.Append(s.C).Append(s.A))]);
    });

    [Fact]
    public void Grouped_query_attention() => Holds(s =>
    {
        int keyHeads = 1 + s.Choice % 3, heads = keyHeads * s.Rank;
        var options = new AttentionOptions<double>
        {
            Scale = 1 / Math.Sqrt(s.D),
            Causal = (s.Choice & 1) != 0,
            SoftCap = (s.Choice & 2) != 0 ? 1.5 : 0,
            Mask = (s.Choice & 4) != 0 ? Mask(s) : default,
        };
        return (x => x[0].Attention(x[1], x[2], options),
            [Any(s, 0, [2, heads, s.B, s.D]), Any(s, 1, [2, keyHeads, s.C, s.D]), Any(s, 2, [2, keyHeads, s.C, s.A])]);
    });

    [Fact]
    public void RotaryEmbedding() => Holds(s =>
    {
        Tensor<int> positions = s.Rank % 2 == 0 ? Integers(s, [s.A, s.C], 0, 50) : default;
        (Tensor<double> cosines, Tensor<double> sines) = MiniGpt.Tensors.Kernels.RotaryEmbedding.Tables<double>(50, s.D / 2 * 2, theta: 7);
        return (x => x[0].RotaryEmbedding(cosines, sines, positions, s.Flag()), [Any(s, 0, [s.A, s.B, s.C, s.D + s.Choice % 3])]);
    });

    [Fact]
    public void MaskedFill() => Holds(s =>
    {
        Shape shape = s.Shape();
        Tensor<double> mask = Any(s, 1, s.Part(shape));
        foreach (ref double element in mask.Span)
        {
            element = element > 0 ? element : 0;
        }

        return (x => x[0].MaskedFill(mask, 1.5), [Any(s, 0, shape)]);
    });

    [Fact]
    public void SelfAttention() => Holds(s =>
    {
        var options = new AttentionOptions<double> { Scale = 1 / Math.Sqrt(s.C), Causal = s.Flag() };
        return (x => x[0].SelfAttention(s.Rank, options), [Any(s, 0, [1 + s.A % 3, s.B, 3 * s.Rank * s.C])]);
    });

    [Fact]
    public void An_input_that_is_used_often_gets_the_sum() => HoldsAlongAnAxis((s, x) =>
    {
        Variable<double> y = x.Softmax() * x + x / (x * x + x.Exp());
        return y.Concat(x, s.Axis()).Sum(s.Axis(), keepAxis: true) * x;
    });

    [Fact]
    public void An_input_that_wants_no_gradient_gets_none_and_changes_no_other() => Check(s =>
    {
        Shape shape = s.Shape();
        Tensor<double> a = Any(s, 0, shape), b = Any(s, 1, s.Part(shape)), upstream = Any(s, 2, shape);
        double[] Gradient(bool bWantsGradient)
        {
            using var tape = new Tape<double>();
            Variable<double> x = tape.Leaf(a), y = bWantsGradient ? tape.Leaf(b) : tape.Constant(b);
            tape.Backward(x * y - (x + y) * x, upstream);
            Assert.Equal(bWantsGradient, y.HasGradient);
            return x.Gradient.Span.ToArray();
        }

        Assert.Equal(Gradient(true), Gradient(false));
    });

    private static void HoldsElementwise(Func<Variable<double>, Variable<double>> function, double low = -2) =>
        Holds(s => (x => function(x[0]), [Any(s, 0, s.Shape(), low)]));

    private static void HoldsAlongAnAxis(Func<Sizes, Variable<double>, Variable<double>> function) =>
        Holds(s => (x => function(s, x[0]), [Any(s, 0, s.Shape())]));

    private static void HoldsBroadcast(Operator function, double low = -2) => Holds(s =>
    {
        Shape shape = s.Shape();
        Shape part = s.Part(shape);
        return (function, s.Flag() ? [Any(s, 0, shape), Any(s, 1, part, low)] : [Any(s, 0, part), Any(s, 1, shape, low)]);
    });

    private static void Holds(Func<Sizes, (Func<Inputs, Variable<double>> Function, Tensor<double>[] Inputs)> make) => Holds(s =>
    {
        (Func<Inputs, Variable<double>> function, Tensor<double>[] inputs) = make(s);
        return ((_, x) => function(x), inputs);
    });

    private static void Holds(Func<Sizes, (Operator Function, Tensor<double>[] Inputs)> make) => Check(s =>
    {
        (Operator function, Tensor<double>[] inputs) = make(s);
        GradCheckResult result = GradCheck.Run(function, inputs, new GradCheckOptions { Coordinates = 12, Seed = (ulong)s.Seed });
        Assert.True(result.Passed, result.ToString());
    });

    private static void Check(Action<Sizes> property) =>
        Prop.ForAll(Sizes.Arbitrary, property).Check(Config.QuickThrowOnFailure.WithMaxTest(s_cases));

    private static Tensor<double>[] LinearInputs(Sizes s) => [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C]), Any(s, 2, [s.D])];

    private static int Count(Shape shape, int axis, int start) => (int)shape.With(axis, shape[axis] - start).Count;

    private static Tensor<double> Any(Sizes s, int input, Shape shape, double low = -2)
    {
        var tensor = new Tensor<double>(shape);
        new RandomStream((ulong)s.Seed, RandomPurpose.Sampling, example: (ulong)input).FillUniform(tensor.Span, low, 2);
        return tensor;
    }

    private static Tensor<double> AwayFromZero(Sizes s, Shape shape)
    {
        Tensor<double> tensor = Any(s, 0, shape);
        foreach (ref double x in tensor.Span)
        {
            x += Math.CopySign(0.1, x);
        }

        return tensor;
    }

    /// <summary>Multiples of 1/8, each once along the axis: no step of a gradient check changes which is the greatest.</summary>
    private static Tensor<double> Distinct(Sizes s, Shape shape)
    {
        int size = shape[s.Axis()], inner = 1;
        for (int axis = s.Axis() + 1; axis < shape.Rank; axis++)
        {
            inner *= shape[axis];
        }

        var tensor = new Tensor<double>(shape);
        for (int i = 0; i < tensor.Count; i++)
        {
            int line = i / inner / size * inner + i % inner;
            tensor.Span[i] = (i / inner + (s.Seed + line * 17L)) % size / 8.0 - 2;
        }

        return tensor;
    }

    /// <summary>Numbers for [Tq, Tk] scores, about a third of them -infinity.</summary>
    private static Tensor<double> Mask(Sizes s)
    {
        Tensor<double> mask = Any(s, 3, [s.B, s.C]);
        foreach (ref double element in mask.Span)
        {
            element = element < -0.7 ? double.NegativeInfinity : element;
        }

        return mask;
    }

    private static Tensor<int> Integers(Sizes s, Shape shape, int low, int bound)
    {
        var random = new Random(s.Seed);
        return Tensor<int>.From([.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.Next(low, bound))], shape);
    }

    /// <summary>What a property needs to make shapes: four sizes, how many of them count, a number for choices, and a seed.</summary>
    private sealed record Sizes(int A, int B, int C, int D, int Rank, int Choice, int Seed)
    {
        public static Arbitrary<Sizes> Arbitrary { get; } = Arb.From(
            from sizes in Gen.ArrayOf(Gen.Frequency((9, Gen.Choose(1, 12)), (1, Gen.Choose(13, 40))), 4)
            from rank in Gen.Choose(1, 4)
            from choice in Gen.Choose(0, 63)
            from seed in Gen.Choose(0, int.MaxValue - 1)
            select new Sizes(sizes[0], sizes[1], sizes[2], sizes[3], rank, choice, seed).Bounded(),
            Shrink);

        public Shape Shape() => new(((ReadOnlySpan<int>)[A, B, C, D])[..Rank]);

        public int Axis() => Choice % Rank;

        public bool Flag() => Choice >= 32;

        /// <summary>A shape that broadcasts to another: some axes become 1, and some of the outer ones are left out.</summary>
        public Shape Part(Shape shape)
        {
            int[] sizes = [.. Enumerable.Range(0, shape.Rank).Select(axis => (Choice >> axis & 1) == 0 ? shape[axis] : 1)];
            return new Shape(sizes.AsSpan(Choice / 16 % (shape.Rank + 1)));
        }

        private static IEnumerable<Sizes> Shrink(Sizes s)
        {
            foreach (int a in Smaller(s.A, 1)) yield return s with { A = a };
            foreach (int b in Smaller(s.B, 1)) yield return s with { B = b };
            foreach (int c in Smaller(s.C, 1)) yield return s with { C = c };
            foreach (int d in Smaller(s.D, 1)) yield return s with { D = d };
            foreach (int rank in Smaller(s.Rank, 1)) yield return s with { Rank = rank };
            foreach (int choice in Smaller(s.Choice, 0)) yield return s with { Choice = choice };
        }

        private static IEnumerable<int> Smaller(int value, int smallest) =>
            ((int[])[smallest, (value + smallest) / 2, value - 1])
            .Where(candidate => candidate >= smallest && candidate < value).Distinct();

        private Sizes Bounded()
        {
            Sizes s = this;
            while ((long)s.A * s.B * s.C * s.D > MostElements)
            {
                s = s with { A = (s.A + 1) / 2, B = (s.B + 1) / 2, C = (s.C + 1) / 2, D = (s.D + 1) / 2 };
            }

            return s;
        }
    }
}
