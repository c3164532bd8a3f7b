using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>ONNX's own operator cases against our operators, in float.</summary>
public class OnnxTests
{
    /// <summary>
    /// |actual - expected| ≤ 2e-6 · |expected| + 5e-7: some epsilons of float, 1.2e-7, of sums of up to some hundred numbers around 1 that
    /// NumPy rounds in another order. ONNX itself allows 1e-3 and 1e-7.
    /// </summary>
    private const double RelativeTolerance = 2e-6, AbsoluteTolerance = 5e-7;

    /// <summary>
    /// How many cases each of ONNX's operators has, and what computes them. No case is left out; where one of our operators is not enough,
    /// it says how several are put together.
    /// </summary>
    private static readonly Dictionary<string, (int Cases, string By)> s_operators = new()
    {
        ["Attention"] = (50, "Attention; boolean masks as numbers, a cache by Concat, scores by MatMul, Tanh, Add, Softmax"),
        ["Exp"] = (2, "Exp"),
        ["Gather"] = (4, "Embedding, on other axes than the first between Transposes; negative ids counted from the end beforehand"),
        ["Gelu"] = (4, "GeluErf, GeluTanh"),
        ["Gemm"] = (11, "MatMul, Scale, Add"),
        ["LayerNormalization"] = (19, "LayerNorm, over several axes after Reshape; mean and 1/deviation from the kernel"),
        ["Log"] = (2, "Log"),
        ["LogSoftmax"] = (7, "LogSoftmax"),
        ["MatMul"] = (7, "MatMul, vectors after Reshape"),
        ["NegativeLogLikelihoodLoss"] = (15, "Multiply by one-hot rows, Sum: there is no such operator"),
        ["RMSNormalization"] = (19, "RmsNorm, over several axes after Reshape"),
        ["ReduceMean"] = (8, "Mean, once an axis"),
        ["Relu"] = (1, "Relu"),
        ["RotaryEmbedding"] = (8, "RotaryEmbedding"),
        ["Sigmoid"] = (2, "Sigmoid"),
        ["Softmax"] = (7, "Softmax"),
        ["SoftmaxCrossEntropyLoss"] = (28, "CrossEntropy; class weights and other reductions than the mean from one call for each row"),
        ["Sqrt"] = (2, "Sqrt"),
        ["Swish"] = (1, "Silu, Scale"),
        ["Tanh"] = (2, "Tanh"),
        ["Transpose"] = (7, "Transpose, a chain of exchanges"),
        ["Trilu"] = (18, "MaskedFill by a triangle, whole numbers as float: there is no such operator"),
        ["Where"] = (2, "two MaskedFills and Add, whole numbers as float: there is no such operator"),
    };

    public static TheoryData<string> Names => [.. OnnxCase.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Outputs_are_those_of_ONNX(string name)
    {
        OnnxCase onnx = OnnxCase.All[name];
        using var tape = new Tape<float>(records: false);
        Tensor<float>?[] outputs = OnnxOperators.All[onnx.Operator](onnx, tape);
        string[] names = onnx.OutputNames;
        Assert.NotEmpty(names);
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i].Length > 0)
            {
                Tensor<float> actual = Assert.NotNull(i < outputs.Length ? outputs[i] : null);
                AssertClose(names[i], onnx.Output(names[i]), actual);
            }
        }
    }

    [Fact]
    public void All_226_cases_are_compared()
    {
        Dictionary<string, int> recorded = OnnxCase.All.Values.CountBy(onnx => onnx.Operator).ToDictionary();
        Assert.Equal(recorded, s_operators.ToDictionary(entry => entry.Key, entry => entry.Value.Cases));
        Assert.Equal(226, recorded.Values.Sum());
        Assert.Equal(226, Names.Count);
        Assert.Equal(recorded.Keys.Order(StringComparer.Ordinal), OnnxOperators.All.Keys.Order(StringComparer.Ordinal));
    }

    private static void AssertClose(string output, Tensor<float> expected, Tensor<float> actual)
    {
        Assert.Equal(expected.Shape, actual.Shape);
        for (int i = 0; i < expected.Count; i++)
        {
            float e = expected.Span[i], a = actual.Span[i];
            bool close = float.IsFinite(e) ? Math.Abs((double)a - e) <= RelativeTolerance * Math.Abs(e) + AbsoluteTolerance : a.Equals(e);
            Assert.True(close, string.Create(CultureInfo.InvariantCulture, $"{output}, element {i}: {a:R} instead of {e:R}"));
        }
    }
}
