using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>Softmax and norms. A norm over several axes is one over the last axis of another shape.</summary>
internal static class OnnxNormalization
{
    private const float DefaultEpsilon = 1e-5f;

    public static Dictionary<string, OnnxOperator> Operators { get; } = new()
    {
        ["Softmax"] = OnnxOperators.One((onnx, tape) => onnx.Variable(tape, 0).Softmax(onnx.WholeNumber("axis", -1))),
        ["LogSoftmax"] = OnnxOperators.One((onnx, tape) => onnx.Variable(tape, 0).LogSoftmax(onnx.WholeNumber("axis", -1))),
        ["RMSNormalization"] = OnnxOperators.One(RmsNorm),
        ["LayerNormalization"] = LayerNorm,
    };

    private static Variable<float> RmsNorm(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> x = onnx.Variable(tape, 0);
        Shape rows = Rows(x.Shape, onnx);
        Variable<float> gain = onnx.Variable(tape, 1).Reshape([rows[1]]);
        return x.Reshape(rows).RmsNorm(gain, onnx.Number("epsilon", DefaultEpsilon)).Reshape(x.Shape);
    }

    private static Tensor<float>?[] LayerNorm(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> x = onnx.Variable(tape, 0);
        Shape rows = Rows(x.Shape, onnx);
        Variable<float> gain = onnx.Variable(tape, 1).Reshape([rows[1]]), bias = onnx.Variable(tape, 2).Reshape([rows[1]]);
        float epsilon = onnx.Number("epsilon", DefaultEpsilon);
        Variable<float> y = x.Reshape(rows).LayerNorm(gain, bias, epsilon).Reshape(x.Shape);

        // The operator keeps mean and 1/deviation for its backward pass; the kernel hands them out.
        Tensor<float> mean = new([rows[0]]), inverseDeviation = new([rows[0]]);
        Tensor<float> again = new(rows);
        MiniGpt.Tensors.Kernels.LayerNorm.Forward(
            x.Value.Reshape(rows), gain.Value, bias.Value, again, mean, inverseDeviation, epsilon);
        Shape reduced = x.Shape;
        for (int axis = x.Shape.Axis(onnx.WholeNumber("axis", -1)); axis < x.Shape.Rank; axis++)
            reduced = reduced.With(axis, 1);

        return [y.Value, mean.Reshape(reduced), inverseDeviation.Reshape(reduced)];
    }

    /// <summary>[rows, elements of the axes that are normalised].</summary>
    private static Shape Rows(Shape shape, OnnxCase onnx)
    {
        int columns = 1;
        for (int axis = shape.Axis(onnx.WholeNumber("axis", -1)); axis < shape.Rank; axis++)
            columns *= shape[axis];

        return [(int)shape.Count / columns, columns];
    }
}
