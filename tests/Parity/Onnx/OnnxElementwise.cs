using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>Functions of one number, and choices element by element.</summary>
internal static class OnnxElementwise
{
    public static Dictionary<string, OnnxOperator> Operators { get; } = new()
    {
        ["Exp"] = Function(x => x.Exp()),
        ["Log"] = Function(x => x.Log()),
        ["Sqrt"] = Function(x => x.Sqrt()),
        ["Tanh"] = Function(x => x.Tanh()),
        ["Sigmoid"] = Function(x => x.Sigmoid()),
        ["Relu"] = Function(x => x.Relu()),
        ["Gelu"] = OnnxOperators.One((onnx, tape) =>
            onnx.Text("approximate") == "tanh" ? onnx.Variable(tape, 0).GeluTanh() : onnx.Variable(tape, 0).GeluErf()),
        ["Swish"] = OnnxOperators.One(Swish),
        ["Where"] = OnnxOperators.One(Where),
        ["Trilu"] = OnnxOperators.One(Triangle),
    };

    private static OnnxOperator Function(Func<Variable<float>, Variable<float>> function) =>
        OnnxOperators.One((onnx, tape) => function(onnx.Variable(tape, 0)));

    /// <summary>x · σ(alpha · x).</summary>
    private static Variable<float> Swish(OnnxCase onnx, Tape<float> tape)
    {
        float alpha = onnx.Number("alpha", 1);
        return onnx.Variable(tape, 0).Scale(alpha).Silu().Scale(1 / alpha);
    }

    private static Variable<float> Where(OnnxCase onnx, Tape<float> tape)
    {
        Tensor<float> condition = onnx.Tensor(0), otherwise = new(condition.Shape);
        for (int i = 0; i < condition.Count; i++)
            otherwise.Span[i] = 1 - condition.Span[i];

        return onnx.Variable(tape, 1).MaskedFill(otherwise, 0) + onnx.Variable(tape, 2).MaskedFill(condition, 0);
    }

    /// <summary>Zeros on one side of diagonal k.</summary>
    private static Variable<float> Triangle(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> x = onnx.Variable(tape, 0);
        bool upper = onnx.WholeNumber("upper", 1) != 0;
        int diagonal = onnx.Has(1) ? onnx.Integers(1).Span[0] : 0;
        Tensor<float> outside = new([x.Shape[-2], x.Shape[-1]]);
        for (int row = 0; row < outside.Shape[0]; row++)
        {
            for (int column = 0; column < outside.Shape[1]; column++)
                outside[row, column] = (upper ? column - row < diagonal : column - row > diagonal) ? 1 : 0;
        }

        return x.MaskedFill(outside, 0);
    }
}
