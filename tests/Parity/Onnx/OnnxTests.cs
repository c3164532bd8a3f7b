using System.Globalization;
using MiniGpt.Autograd;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>ONNX's own operator cases against our operators, in float.</summary>
public class OnnxTests
{
    /// <summary>
    /// |actual − expected| ≤ 1e-5 · |expected| + 1e-6. ONNX itself allows 1e-3 and 1e-7; sums of some hundred products of numbers around 1,
    /// rounded to float in another order than NumPy's, need the larger absolute part where they cancel.
    /// </summary>
    private const double RelativeTolerance = 2e-6, AbsoluteTolerance = 5e-7;

    /// <summary>Cases that our operators cannot compute, each with its reason.</summary>
    private static readonly Dictionary<string, string> s_unsupported = [];

    public static TheoryData<string> Supported => [.. OnnxCase.All.Keys.Where(name => !s_unsupported.ContainsKey(name))];

    [Theory]
    [MemberData(nameof(Supported))]
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
    public void Every_case_is_either_compared_or_listed_as_unsupported()
    {
        Assert.Equal(226, OnnxCase.All.Count);
        Assert.Empty(s_unsupported.Keys.Except(OnnxCase.All.Keys));
        Assert.Empty(s_unsupported);
        Assert.Equal(226, Supported.Count);
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
