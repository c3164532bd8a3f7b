using MiniGpt.Autograd;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>Computes a case's outputs by our operators, by position; none for an output that the case does not ask for.</summary>
internal delegate Tensor<float>?[] OnnxOperator(OnnxCase onnx, Tape<float> tape);

/// <summary>How each of ONNX's operators is written with ours.</summary>
internal static class OnnxOperators
{
    public static IReadOnlyDictionary<string, OnnxOperator> All { get; } = new Dictionary<string, OnnxOperator>(
        ((IEnumerable<KeyValuePair<string, OnnxOperator>>[])
        [
            OnnxElementwise.Operators, OnnxNormalization.Operators, OnnxMatrices.Operators, OnnxAxes.Operators,
            OnnxLosses.Operators, OnnxRotaryEmbedding.Operators, OnnxAttention.Operators,
        ]).SelectMany(family => family));

    /// <summary>An operator with one output.</summary>
    public static OnnxOperator One(Func<OnnxCase, Tape<float>, Variable<float>> function) =>
        (onnx, tape) => [function(onnx, tape).Value];
}
