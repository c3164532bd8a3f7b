using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>Matrix products.</summary>
internal static class OnnxMatrices
{
    public static Dictionary<string, OnnxOperator> Operators { get; } = new()
    {
        ["MatMul"] = OnnxOperators.One(MatMul),
        ["Gemm"] = OnnxOperators.One(Gemm),
    };

    /// <summary>A vector on the left is a row, one on the right a column, and that axis is left out of the result.</summary>
    private static Variable<float> MatMul(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> a = onnx.Variable(tape, 0), b = onnx.Variable(tape, 1);
        bool row = a.Shape.Rank == 1, column = b.Shape.Rank == 1;
        Variable<float> y = (row ? a.Reshape(a.Shape.Prepend(1)) : a).MatMul(column ? b.Reshape(b.Shape.Append(1)) : b);
        Shape shape = column ? y.Shape.Without(-1) : y.Shape;
        return y.Reshape(row ? shape.Without(column ? -1 : -2) : shape);
    }

    /// <summary>alpha · A·B + beta · C.</summary>
    private static Variable<float> Gemm(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> product = onnx.Variable(tape, 0).MatMul(
            onnx.Variable(tape, 1), onnx.WholeNumber("transA", 0) != 0, onnx.WholeNumber("transB", 0) != 0).Scale(onnx.Number("alpha", 1));
        return onnx.Has(2) ? product + onnx.Variable(tape, 2).Scale(onnx.Number("beta", 1)) : product;
    }
}
