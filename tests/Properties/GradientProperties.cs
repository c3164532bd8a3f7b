using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using static MiniGpt.Tests.Properties.GradientProperty;

namespace MiniGpt.Tests.Properties;

/// <summary>The <see cref="GradientProperty"/> of every operator.</summary>
public class GradientProperties
{
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
    public void GatedActivation() => Holds(s =>
        (s.Flag() ? x => x[0].GatedActivation<double, SiluFunction<double>>() : x => x[0].GatedActivation<double, GeluErfFunction<double>>(),
            [Any(s, 0, s.Shape().With(-1, 2 * s.Shape()[-1]))]));

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
    public void LayerNorms_that_share_a_gain_or_a_bias() => Holds(s =>
        (x => s.Flag()
            ? x[0].LayerNorm(x[1], x[2], 1e-2) * x[0].LayerNorm(x[1], x[3], 1e-2)
            : x[0].LayerNorm(x[2], x[1], 1e-2) * x[0].LayerNorm(x[3], x[1], 1e-2),
            [Any(s, 0, s.Shape()), .. Enumerable.Range(1, 3).Select(i => Any(s, i, [s.Shape()[-1]]))]));

    [Fact]
    public void LayerNorm_without_bias() =>
        Holds(s => (x => x[0].LayerNorm(x[1], null, 1e-2), [Any(s, 0, s.Shape()), Any(s, 1, [s.Shape()[-1]])]));

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
    public void Linear() => Holds(s => s.Flag()
        ? (x => x[0].Linear(x[1], x[2]), LinearInputs(s))
        : (x => x[0].Linear(x[1]), LinearInputs(s)[..2]));

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
    public void Reshape() => HoldsElementwise(x => x.Reshape([1, checked((int)x.Shape.Count)]));

    [Fact]
    public void Transpose() => HoldsAlongAnAxis((s, x) => x.Transpose(s.Axis(), (s.Choice >> 3) % s.Rank));

    [Fact]
    public void Slice() => Holds(s =>
    {
        int size = s.Shape()[s.Axis()], start = s.Choice % size;
        return (x => x[0].Slice(s.Axis(), start, 1 + s.Seed % (size - start)), [Any(s, 0, s.Shape())]);
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
    public void ProjectedCrossEntropy() => Holds(s =>
    {
        Tensor<int> targets = Integers(s, [s.A * s.B], s.Flag() ? -1 : 0, s.D); // -1 is ignored
        int rowsAtOnce = s.Choice % 4;
        return (x => x[0].ProjectedCrossEntropy(x[1], targets, ignoredTarget: -1, rowsAtOnce), [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C])]);
    });

    [Fact]
    public void NegativeSampling() => Holds(s =>
    {
        (Tensor<int> contexts, Tensor<int> targets) = NegativeExamples(s);
        return (x => x[0].NegativeSampling(x[1], contexts, targets), [Any(s, 0, [s.C, s.D]), Any(s, 1, [s.C, s.D])]);
    });

    [Fact]
    public void ProjectedCrossEntropy_with_a_bias_and_smoothed_targets() => Holds(s =>
    {
        Tensor<int> targets = Integers(s, [s.A * s.B], s.Flag() ? -1 : 0, s.D); // -1 is ignored
        int rowsAtOnce = s.Choice % 4;
        return (x => x[0].ProjectedCrossEntropy(x[1], targets, ignoredTarget: -1, rowsAtOnce, x[2], smoothing: 0.1 * (s.Choice % 5)),
            [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C]), Any(s, 2, [s.D])]);
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
        Shape outer = [hidden.Shape[0], 1 + s.Rank % 2];
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
            element = element > 0 ? element : 0;

        return (x => x[0].MaskedFill(mask, 1.5), [Any(s, 0, shape)]);
    });

    [Fact]
    public void SelfAttention() => Holds(s =>
    {
        int heads = 1 + s.Rank % 3, size = 1 + s.C % 8;
        var options = new AttentionOptions<double> { Scale = 1 / Math.Sqrt(size), Causal = s.Flag() };
        return (x => x[0].SelfAttention(heads, options), [Any(s, 0, [1 + s.A % 3, s.B, 3 * heads * size])]);
    });

    [Fact]
    public void An_input_that_is_used_often_gets_the_sum() => HoldsAlongAnAxis((s, x) =>
    {
        Variable<double> y = x.Softmax() * x + x / (x * x + x.Exp());
        return y.Concat(x, s.Axis()).Sum(s.Axis(), keepAxis: true) * x;
    });

    private static Tensor<double>[] LinearInputs(Sizes s) => [Any(s, 0, [s.A, s.B, s.C]), Any(s, 1, [s.D, s.C]), Any(s, 2, [s.D])];

    private static int Count(Shape shape, int axis, int start) => (int)shape.With(axis, shape[axis] - start).Count;

    private static Tensor<double> AwayFromZero(Sizes s, Shape shape)
    {
        Tensor<double> tensor = Any(s, 0, shape);
        foreach (ref double x in tensor.Span)
            x += Math.CopySign(0.1, x);

        return tensor;
    }

    /// <summary>Multiples of 1/8, each once along the axis: no step of a gradient check changes which is the greatest.</summary>
    private static Tensor<double> Distinct(Sizes s, Shape shape)
    {
        int size = shape[s.Axis()], inner = 1;
        for (int axis = s.Axis() + 1; axis < shape.Rank; axis++)
            inner *= shape[axis];

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
            element = element < -0.7 ? double.NegativeInfinity : element;

        return mask;
    }
}
