using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>Rotary position embedding. Without positions ONNX gives a row of the tables for each token of each example.</summary>
internal static class OnnxRotaryEmbedding
{
    public static Dictionary<string, OnnxOperator> Operators { get; } = new() { ["RotaryEmbedding"] = OnnxOperators.One(Rotate) };

    private static Variable<float> Rotate(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> input = onnx.Variable(tape, 0), x = OnnxHeads.Split(input, onnx.WholeNumber("num_heads", 0));
        Tensor<float> cosines = onnx.Tensor(1), sines = onnx.Tensor(2);
        int examples = x.Shape[0], tokens = x.Shape[2];
        Shape tables = [(int)cosines.Shape.Without(-1).Count, cosines.Shape[-1]];
        Tensor<int> positions = onnx.Has(3)
            ? onnx.Integers(3) : Tensor<int>.From([.. Enumerable.Range(0, examples * tokens)], [examples, tokens]);
        Variable<float> y = x.RotaryEmbedding(
            cosines.Reshape(tables), sines.Reshape(tables), positions, onnx.WholeNumber("interleaved", 0) != 0);
        return input.Shape.Rank == 3 ? OnnxHeads.Join(y) : y;
    }
}
