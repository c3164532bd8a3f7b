using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Inputs = System.Collections.Generic.IReadOnlyList<MiniGpt.Autograd.Variable<double>>;

namespace MiniGpt.Autograd;

/// <summary>One gradient check of one operator.</summary>
/// <param name="Operator">The operator's name.</param>
/// <param name="Case">What is special about this use of it.</param>
/// <param name="Run">Makes inputs from a seed and checks.</param>
public sealed record GradCheckCase(string Operator, string Case, Func<ulong, GradCheckResult> Run);

/// <summary>Gradient checks of every operator.</summary>
public static class GradCheckCases
{
    private const int Rows = 3;
    private const int Columns = 19; // no multiple of a vector

    /// <summary>All cases, those of one operator together.</summary>
    public static IReadOnlyList<GradCheckCase> All { get; } =
    [
        Case("Add", "equal shapes", x => x[0] + x[1], Any(Rows, Columns), Any(Rows, Columns)),
        Case("Add", "both broadcast", x => x[0] + x[1], Any(2, 1, 5), Any(3, 1)),
        Case("Add", "one input twice", x => x[0] + x[0], Any(Rows, Columns)),
        Case("Subtract", "equal shapes", x => x[0] - x[1], Any(Rows, Columns), Any(Rows, Columns)),
        Case("Subtract", "second broadcast", x => x[0] - x[1], Any(2, 3, 4), Any(4)),
        Case("Multiply", "equal shapes", x => x[0] * x[1], Any(Rows, Columns), Any(Rows, Columns)),
        Case("Multiply", "both broadcast", x => x[0] * x[1], Any(3, 1, 5), Any(4, 1)),
        Case("Multiply", "one input twice", x => x[0] * x[0], Any(Rows, Columns)),
        Case("Divide", "equal shapes", x => x[0] / x[1], Any(Rows, Columns), Positive(Rows, Columns)),
        Case("Divide", "both broadcast", x => x[0] / x[1], Any(3, 1, 5), Positive(4, 1)),
        Case("Scale", "plain", x => x[0] * -1.5, Any(Rows, Columns)),

        Case("Exp", "plain", x => x[0].Exp(), Any(Rows, Columns)),
        Case("Log", "plain", x => x[0].Log(), Positive(Rows, Columns)),
        Case("Sqrt", "plain", x => x[0].Sqrt(), Positive(Rows, Columns)),
        Case("Tanh", "plain", x => x[0].Tanh(), Any(Rows, Columns)),
        Case("Sigmoid", "plain", x => x[0].Sigmoid(), Any(Rows, Columns)),
        Case("Relu", "plain", x => x[0].Relu(), NotZero(Rows, Columns)),
        Case("Silu", "plain", x => x[0].Silu(), Any(Rows, Columns)),
        Case("GeluTanh", "plain", x => x[0].GeluTanh(), Any(Rows, Columns)),
        Case("GeluErf", "plain", x => x[0].GeluErf(), Any(Rows, Columns)),

        Case("Sum", "all", x => x[0].Sum(), Any(Rows, Columns)),
        Case("Sum", "first axis", x => x[0].Sum(0), Any(4, 3, 5)),
        Case("Sum", "middle axis, kept", x => x[0].Sum(1, keepAxis: true), Any(4, 3, 5)),
        Case("Mean", "all", x => x[0].Mean(), Any(Rows, Columns)),
        Case("Mean", "last axis", x => x[0].Mean(-1), Any(4, 3, 5)),
        Case("Max", "first axis", x => x[0].Max(0), Distinct(4, 3, 5)),
        Case("Max", "last axis", x => x[0].Max(-1), Distinct(Rows, Columns)),

        Case("MatMul", "two matrices", x => x[0].MatMul(x[1]), Any(7, 5), Any(5, Columns)),
        Case("MatMul", "first transposed", x => x[0].MatMul(x[1], transposeA: true), Any(5, 7), Any(5, 9)),
        Case("MatMul", "second transposed", x => x[0].MatMul(x[1], transposeB: true), Any(7, 5), Any(9, 5)),
        Case("MatMul", "both transposed", x => x[0].MatMul(x[1], transposeA: true, transposeB: true), Any(5, 7), Any(9, 5)),
        Case("MatMul", "batched", x => x[0].MatMul(x[1]), Any(2, 3, 4, 5), Any(2, 3, 5, 6)),
        Case("MatMul", "first broadcast", x => x[0].MatMul(x[1]), Any(4, 5), Any(3, 5, 6)),
        Case("MatMul", "second broadcast", x => x[0].MatMul(x[1]), Any(2, 3, 4, 5), Any(5, 6)),
        Case("MatMul", "a single row", x => x[0].MatMul(x[1]), Any(1, Columns), Any(Columns, 7)),
        Case("MatMul", "one input twice", x => x[0].MatMul(x[0], transposeB: true), Any(5, 7)),

        Case("Linear", "plain", x => x[0].Linear(x[1], x[2]), Any(2, 5, 8), Any(12, 8), Any(12)),
        Case("Linear", "no bias", x => x[0].Linear(x[1]), Any(2, 5, 8), Any(12, 8)),
        Case("Linear", "GELU (tanh)", x => x[0].Linear<double, GeluTanhFunction<double>>(x[1], x[2]), Any(2, 5, 8), Any(12, 8), Any(12)),
        Case("Linear", "GELU (erf)", x => x[0].Linear<double, GeluErfFunction<double>>(x[1], x[2]), Any(2, 5, 8), Any(12, 8), Any(12)),
        Case("Linear", "SiLU", x => x[0].Linear<double, SiluFunction<double>>(x[1], x[2]), Any(2, 5, 8), Any(12, 8), Any(12)),
        // A bias larger than any product keeps what ReLU sees away from its kink.
        Case("Linear", "ReLU", x => x[0].Linear<double, ReluFunction<double>>(x[1], x[2]), Any(2, 5, 3), Any(12, 3), Far(12)),

        Case("GatedActivation", "SiLU", x => x[0].GatedActivation<double, SiluFunction<double>>(), Any(2, Rows, 2 * Columns)),
        Case("GatedActivation", "GELU (tanh)", x => x[0].GatedActivation<double, GeluTanhFunction<double>>(), Any(Rows, 2 * Columns)),
        Case("GatedActivation", "GELU (erf)", x => x[0].GatedActivation<double, GeluErfFunction<double>>(), Any(Rows, 2 * Columns)),
        Case("GatedActivation", "ReLU", x => x[0].GatedActivation<double, ReluFunction<double>>(), NotZero(Rows, 2 * Columns)),

        Case("Reshape", "plain", x => x[0].Reshape([6, 10]).Exp(), Any(3, 4, 5)),
        Case("Transpose", "last two axes", x => x[0].Transpose(-1, -2), Any(3, 4, 5)),
        Case("Transpose", "first and last axis", x => x[0].Transpose(0, 2), Any(3, 4, 5)),
        Case("Slice", "middle axis", x => x[0].Slice(1, 1, 2), Any(3, 4, 5)),
        Case("Slice", "two that overlap", x => x[0].Slice(-1, 0, 4).Multiply(x[0].Slice(-1, 1, 4)), Any(3, 5)),
        Case("Concat", "middle axis", x => x[0].Concat(x[1], 1), Any(2, 3, 4), Any(2, 5, 4)),
        Case("Concat", "one input twice", x => x[0].Concat(x[0], -1), Any(Rows, Columns)),

        Case("Softmax", "last axis", x => x[0].Softmax(), Any(4, 33)),
        Case("Softmax", "first axis", x => x[0].Softmax(0), Any(6, 5)),
        Case("LogSoftmax", "last axis", x => x[0].LogSoftmax(), Any(4, 33)),
        Case("LogSoftmax", "middle axis", x => x[0].LogSoftmax(1), Any(2, 6, 5)),
        Case("LayerNorm", "plain", x => x[0].LayerNorm(x[1], x[2], 1e-5), Any(2, Rows, Columns), Any(Columns), Any(Columns)),
        Case("LayerNorm", "no bias", x => x[0].LayerNorm(x[1], null, 1e-5), Any(2, Rows, Columns), Any(Columns)),
        Case("RmsNorm", "plain", x => x[0].RmsNorm(x[1], 1e-5), Any(2, Rows, Columns), Any(Columns)),

        Case("Embedding", "an id twice", (tape, x) => tape.Embedding(x[0], tape.Copy([3, 0, 3, 10, 7, 1], [2, 3])), Any(11, 6)),
        Case("CrossEntropy", "plain", (tape, x) => x[0].CrossEntropy(tape.Copy([2, 30, 0, 7, 7, 15], [2, 3])), Any(2, 3, 31)),
        Case("CrossEntropy", "ignored targets", (tape, x) => x[0].CrossEntropy(tape.Copy([2, -100, 0, -100], [4])), Any(4, 31)),

        Case("NegativeSampling", "one context", (tape, x) =>
            x[0].NegativeSampling(x[1], tape.Copy([2, 0, 2], [3, 1]), tape.Copy([1, 0, -1, 3, 3, 2, 0, 1, 1], [3, 3])), Any(4, Columns), Any(5, Columns)),
        Case("NegativeSampling", "several contexts, one table", (tape, x) =>
            x[0].NegativeSampling(x[0], tape.Copy([2, -1, 1, 0, 3, 3], [2, 3]), tape.Copy([1, 0, 2, 2], [2, 2])), Any(4, Columns)),
        Case("ProjectedCrossEntropy", "whole",
            (tape, x) => x[0].ProjectedCrossEntropy(x[1], tape.Copy([2, 30, 0, 7, 7, 15], [2, 3])), Any(2, 3, 5), Any(31, 5)),
        Case("ProjectedCrossEntropy", "in chunks, ignored targets",
            (tape, x) => x[0].ProjectedCrossEntropy(x[1], tape.Copy([2, -100, 0, 7, -100], [5]), rowsAtOnce: 2), Any(5, 5), Any(31, 5)),

        Case("Attention", "full", (_, x) => Attend(x), Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "causal", (_, x) => Attend(x, causal: true), Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "causal, long", (_, x) => Attend(x, causal: true), Any(1, 2, 61, 5), Any(1, 2, 61, 5), Any(1, 2, 61, 5)),
        Case("Attention", "padded", (tape, x) => Attend(x, padding: Padding(tape)), Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "causal, padded", (tape, x) => Attend(x, causal: true, padding: Padding(tape)),
            Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "to another sequence", (_, x) => Attend(x), Any(2, 2, 5, 8), Any(2, 2, 9, 8), Any(2, 2, 9, 3)),
        Case("Attention", "later queries", (_, x) => Attend(x, causal: true, firstQuery: 4),
            Any(2, 2, 5, 8), Any(2, 2, 9, 8), Any(2, 2, 9, 8)),
        Case("Attention", "dropout", (_, x) => Attend(x, causal: true, dropout: 0.3), Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "grouped queries", (_, x) => Attend(x, causal: true), Any(2, 6, 5, 4), Any(2, 2, 5, 4), Any(2, 2, 5, 3)),
        Case("Attention", "one head of keys", (_, x) => Attend(x), Any(2, 3, 30, 4), Any(2, 1, 9, 4), Any(2, 1, 9, 5)),
        Case("Attention", "mask", (tape, x) => Attend(x, mask: Mask(tape)), Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "soft cap", (_, x) => Attend(x, softCap: 0.7), Any(2, 2, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("Attention", "soft cap, causal, padded, mask, dropout, grouped queries",
            (tape, x) => Attend(x, causal: true, padding: Padding(tape), dropout: 0.2, mask: Mask(tape), softCap: 1.5),
            Any(2, 4, 7, 8), Any(2, 2, 7, 8), Any(2, 2, 7, 8)),
        Case("SelfAttention", "full", x => x[0].SelfAttention(2, Options(4)), Any(2, 6, 24)),
        Case("SelfAttention", "causal", x => x[0].SelfAttention(2, Options(4) with { Causal = true }), Any(2, 6, 24)),
        Case("SelfAttention", "grouped queries", x => x[0].SelfAttention(4, Options(3) with { Causal = true }, keyHeads: 2), Any(2, 6, 24)),

        Case("Rnn", "plain", x => x[0].Rnn(x[1]), Any(2, 5, 7), Small(7, 7)),
        Case("Rnn", "from a state, reversed", x => x[0].Rnn(x[1], x[2], isReversed: true), Any(2, 5, 7), Small(7, 7), Any(2, 7)),
        Case("Gru", "plain", x => x[0].Gru(x[1]), Any(2, 5, 21), Small(21, 7)),
        Case("Gru", "bias, from a state, reversed",
            x => x[0].Gru(x[1], x[2], x[3], isReversed: true), Any(2, 5, 21), Small(21, 7), Any(21), Any(2, 7)),
        Case("Lstm", "plain", x => x[0].Lstm(x[1]).States, Any(2, 5, 28), Small(28, 7)),
        Case("Lstm", "from a state and a cell, reversed",
            x => x[0].Lstm(x[1], x[2], x[3], isReversed: true).States, Any(2, 5, 28), Small(28, 7), Any(2, 7), Any(2, 7)),
        Case("Lstm", "last cell", x => x[0].Lstm(x[1], x[2], x[3]).LastCell, Any(2, 5, 28), Small(28, 7), Any(2, 7), Any(2, 7)),

        Case("RotaryEmbedding", "half-split", x => Rotated(x[0], width: 10, interleaved: false), Any(2, 2, 5, 10)),
        Case("RotaryEmbedding", "half-split, partial", x => Rotated(x[0], width: 6, interleaved: false), Any(2, 2, 5, 11)),
        Case("RotaryEmbedding", "interleaved", x => Rotated(x[0], width: 10, interleaved: true), Any(2, 2, 5, 10)),
        Case("RotaryEmbedding", "interleaved, partial", x => Rotated(x[0], width: 4, interleaved: true), Any(2, 2, 5, 9)),
        Case("RotaryEmbedding", "positions, one input twice", (tape, x) =>
            Rotated(x[0], width: 10, interleaved: false, tape.Copy([3, 0, 3, 4, 4, 2, 1, 0, 3, 2], [2, 5])) * x[0], Any(2, 2, 5, 10)),
        Case("MaskedFill", "plain", (tape, x) => x[0].MaskedFill(tape.Copy<double>([1, 0, 0, 1, 0], [5]), -3), Any(Rows, 5)),
        Case("MaskedFill", "-infinity before a softmax", (tape, x) =>
            x[0].MaskedFill(tape.Copy<double>([1, 0, 0, 1, 0], [5]), double.NegativeInfinity).Softmax(), Any(Rows, 5)),
        Case("Dropout", "plain", x => x[0].Dropout(0.4, new RandomStream(1, RandomPurpose.Dropout)), Any(Rows, Columns)),
    ];

    private delegate Tensor<double> Input(RandomStream stream);

    private static GradCheckCase Case(string name, string special, Func<Inputs, Variable<double>> function, params Input[] inputs) =>
        Case(name, special, (_, x) => function(x), inputs);

    private static GradCheckCase Case(
        string name, string special, Func<Tape<double>, Inputs, Variable<double>> function, params Input[] inputs) =>
        new(name, special, seed =>
        {
            Tensor<double>[] values =
            [
                .. inputs.Select((make, i) => make(new RandomStream(seed, RandomPurpose.GradientCheck, step: 2, example: (ulong)i))),
            ];
            return GradCheck.Run(function, values, new GradCheckOptions { Seed = seed });
        });

    private static Input Any(params int[] sizes) => stream => Uniform(stream, sizes, -2, 2);

    /// <summary>As recurrent weights are: multiplied with again and again, larger ones make chaos.</summary>
    private static Input Small(params int[] sizes) => stream => Uniform(stream, sizes, -0.5, 0.5);

    private static Input Positive(params int[] sizes) => stream => Uniform(stream, sizes, 0.5, 2);

    private static Input NotZero(params int[] sizes) => stream => Map(Uniform(stream, sizes, -2, 2), x => x + 0.1 * Math.Sign(x));

    /// <summary>Numbers between 13 and 15, every other one negative.</summary>
    private static Input Far(params int[] sizes) => stream =>
    {
        int i = 0;
        return Map(Uniform(stream, sizes, 13, 15), x => i++ % 2 == 0 ? x : -x);
    };

    /// <summary>Numbers in random order, neighbours in size 0.05 apart at least, so that small steps change no maximum.</summary>
    private static Input Distinct(params int[] sizes) => stream =>
    {
        Tensor<double> draws = Uniform(stream, sizes, 0, 1);
        double[] order = [.. draws.Span];
        Array.Sort(order);
        return Map(draws, x => 0.05 * Array.IndexOf(order, x) - 1);
    };

    private static Tensor<double> Uniform(RandomStream stream, int[] sizes, double low, double high)
    {
        var tensor = new Tensor<double>(new Shape(sizes));
        stream.FillUniform(tensor.Span, low, high);
        return tensor;
    }

    private static Tensor<double> Map(Tensor<double> tensor, Func<double, double> function)
    {
        foreach (ref double x in tensor.Span)
            x = function(x);

        return tensor;
    }

    private static AttentionOptions<double> Options(int depth) => new() { Scale = 1 / Math.Sqrt(depth) };

    /// <summary>Of seven keys the first example sees five, the second one all but one in the middle.</summary>
    private static Tensor<byte> Padding(Tape<double> tape) => tape.Copy<byte>([0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0], [2, 7]);

    /// <summary>A number for each query and key of seven, every fifth of them hidden, and all of the third query's.</summary>
    private static Tensor<double> Mask(Tape<double> tape) => tape.Copy(
        [.. Enumerable.Range(0, 49).Select(i => i % 5 == 4 || i / 7 == 2 ? double.NegativeInfinity : Math.Sin(i))], [7, 7]);

    private static Variable<double> Rotated(Variable<double> x, int width, bool interleaved, Tensor<int> positions = default)
    {
        (Tensor<double> cosines, Tensor<double> sines) = Tensors.Kernels.RotaryEmbedding.Tables<double>(5, width, theta: 3);
        return x.RotaryEmbedding(cosines, sines, positions, interleaved);
    }

    private static Variable<double> Attend(
        Inputs x, bool causal = false, int firstQuery = 0, Tensor<byte> padding = default, double dropout = 0,
        Tensor<double> mask = default, double softCap = 0) =>
        x[0].Attention(x[1], x[2], Options(x[0].Shape[-1]) with
        {
            Causal = causal,
            FirstQuery = firstQuery,
            Padding = padding,
            Mask = mask,
            SoftCap = softCap,
            Dropout = dropout,
            DropoutStream = new RandomStream(1, RandomPurpose.Dropout),
        });
}
