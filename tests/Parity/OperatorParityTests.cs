using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>Every operator against PyTorch's recorded output and gradients.</summary>
public class OperatorParityTests
{
    public static TheoryData<string> Names => [.. Operators<double>.All.Keys];

    [Fact]
    public void Every_recorded_operator_is_compared()
    {
        using var fixture = new SafetensorsFixture("ops.safetensors");
        string[] recorded = [.. fixture.Names.Select(name => name.Split('/')[0]).Distinct().Order(StringComparer.Ordinal)];
        Assert.Equal(38, recorded.Length);
        Assert.Equal(recorded, Operators<double>.All.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void In_double_within_1e_10(string name) => Compare<double>(name, 1e-10);

    // Sixty-four epsilons: each result is a sum of at most some hundred rounded numbers of moderate size.
    [Theory]
    [MemberData(nameof(Names))]
    public void In_float_within_64_epsilons(string name) => Compare<float>(name, 64 * Math.Pow(2, -23));

    private static void Compare<T>(string name, double tolerance)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var fixture = new SafetensorsFixture("ops.safetensors");
        using var tape = new Tape<T>();
        var operands = new Operands<T>(name, fixture, tape);
        Variable<T> result = Operators<T>.All[name](operands);
        SafetensorsFixture.AssertClose($"{name}/out", fixture.Read<double>($"{name}/out"), result.Value, tolerance);
        tape.Backward(result, fixture.Read<T>($"{name}/upstream").Reshape(result.Shape));
        string[] gradients = [.. fixture.Names.Where(known => known.StartsWith($"{name}/grad/", StringComparison.Ordinal))];
        Assert.NotEmpty(gradients);
        foreach (string gradient in gradients)
            SafetensorsFixture.AssertClose(gradient, fixture.Read<double>(gradient), operands[gradient.Split('/')[^1]].Gradient, tolerance);
    }

    /// <summary>The inputs of a recorded operator, by their names.</summary>
    private sealed class Operands<T>(string name, SafetensorsFixture fixture, Tape<T> tape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Dictionary<string, Variable<T>> _variables = [];

        public Tape<T> Tape => tape;

        public Variable<T> A => this["a"];

        public Variable<T> B => this["b"];

        public Variable<T> this[string input]
        {
            get
            {
                if (!_variables.TryGetValue(input, out Variable<T>? variable))
                {
                    variable = tape.Leaf(fixture.Read<T>($"{name}/in/{input}"));
                    _variables.Add(input, variable);
                }

                return variable;
            }
        }

        public Tensor<TInteger> Integers<TInteger>(string input)
            where TInteger : unmanaged, IBinaryInteger<TInteger> => fixture.ReadIntegers<TInteger>($"{name}/in/{input}");
    }

    private static class Operators<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public static Dictionary<string, Func<Operands<T>, Variable<T>>> All { get; } = new()
        {
            ["add_broadcast"] = x => x.A + x.B,
            ["sub_broadcast"] = x => x.A - x.B,
            ["mul_broadcast"] = x => x.A * x.B,
            ["div_broadcast"] = x => x.A / x.B,
            ["exp"] = x => x.A.Exp(),
            ["log"] = x => x.A.Log(),
            ["sqrt"] = x => x.A.Sqrt(),
            ["tanh"] = x => x.A.Tanh(),
            ["sigmoid"] = x => x.A.Sigmoid(),
            ["relu"] = x => x.A.Relu(),
            ["silu"] = x => x.A.Silu(),
            ["gelu_tanh"] = x => x.A.GeluTanh(),
            ["gelu_erf"] = x => x.A.GeluErf(),
            ["sum_axis"] = x => x.A.Sum(1),
            ["mean_last"] = x => x.A.Mean(-1, keepAxis: true),
            ["max_last"] = x => x.A.Max(-1),
            ["matmul_2d"] = x => x.A.MatMul(x.B),
            ["matmul_batched"] = x => x.A.MatMul(x.B),
            ["matmul_broadcast"] = x => x.A.MatMul(x.B),
            ["matmul_nt"] = x => x.A.MatMul(x.B, transposeB: true),
            ["matmul_tn"] = x => x.A.MatMul(x.B, transposeA: true),
            ["linear"] = x => x["x"].Linear(x["w"], x.B),
            // a.transpose(0, 2)[1:4, ::2]: every other index is the first of each pair.
            ["transpose_slice"] = x => x.A.Reshape([3, 2, 2, 5]).Slice(2, 0, 1).Reshape([3, 2, 5]).Transpose(0, 2).Slice(0, 1, 3),
            ["concat"] = x => x.A.Concat(x.B, 1),
            ["softmax_last"] = x => x.A.Softmax(),
            ["softmax_axis0"] = x => x.A.Softmax(0),
            ["log_softmax"] = x => x.A.LogSoftmax(),
            ["layer_norm"] = x => x["x"].LayerNorm(x["w"], x.B, T.CreateChecked(1e-5)),
            ["rms_norm"] = x => x["x"].RmsNorm(x["w"], T.CreateChecked(1e-6)),
            ["embedding"] = x => x.Tape.Embedding(x["w"], x.Integers<int>("idx")),
            ["cross_entropy"] = x => x["x"].CrossEntropy(x.Integers<int>("t")),
            ["cross_entropy_ignore"] = x => x["x"].CrossEntropy(x.Integers<int>("t")),
            ["attention_full"] = x => Attention(x),
            ["attention_cross"] = x => Attention(x),
            ["attention_padded"] = x => Attention(x, padding: x.Integers<byte>("pad")),
            ["attention_causal_small"] = x => Attention(x, causal: true),
            ["attention_causal_ragged"] = x => Attention(x, causal: true),
            ["attention_causal_long"] = x => Attention(x, causal: true),
        };

        private static Variable<T> Attention(Operands<T> x, bool causal = false, Tensor<byte> padding = default) =>
            x["q"].Attention(x["k"], x["v"], new AttentionOptions<T>
            {
                Scale = T.One / T.Sqrt(T.CreateChecked(x["q"].Shape[-1])),
                Causal = causal,
                Padding = padding,
            });
    }
}
