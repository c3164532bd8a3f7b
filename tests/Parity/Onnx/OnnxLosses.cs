using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Parity.Onnx;

/// <summary>
/// Losses over classes on axis 1. The mean without class weights is our cross-entropy; weights and the other reductions are built from it,
/// row by row.
/// </summary>
internal static class OnnxLosses
{
    public static Dictionary<string, OnnxOperator> Operators { get; } = new()
    {
        ["SoftmaxCrossEntropyLoss"] = (onnx, tape) => [CrossEntropy(onnx, tape).Value, onnx.Variable(tape, 0).LogSoftmax(1).Value],
        ["NegativeLogLikelihoodLoss"] = OnnxOperators.One(NegativeLogLikelihood),
    };

    private static Variable<float> CrossEntropy(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> logits = ClassesLast(onnx.Variable(tape, 0));
        Tensor<int> targets = onnx.Integers(1);
        int ignored = onnx.WholeNumber("ignore_index", CrossEntropyOperator.DefaultIgnoredTarget);
        if (onnx.Text("reduction") == "mean" && !onnx.Has(2))
            return logits.CrossEntropy(targets, ignored);

        int rows = logits.Shape[0];
        Variable<float>[] losses =
        [
            .. Enumerable.Range(0, rows).Select(row => logits.Slice(0, row, 1)
                .CrossEntropy(tape.Copy<int>([targets.Span[row]], [1]), ignored).Reshape([1])),
        ];
        return Reduce(losses.Aggregate((before, loss) => before.Concat(loss, 0)), onnx, tape);
    }

    /// <summary>The inputs are logarithms already: the target's is picked by a product with a one-hot row.</summary>
    private static Variable<float> NegativeLogLikelihood(OnnxCase onnx, Tape<float> tape)
    {
        Variable<float> logarithms = ClassesLast(onnx.Variable(tape, 0));
        Tensor<int> targets = onnx.Integers(1);
        Tensor<float> oneHot = new(logarithms.Shape);
        for (int row = 0; row < targets.Count; row++)
        {
            if (targets.Span[row] != onnx.WholeNumber("ignore_index", CrossEntropyOperator.DefaultIgnoredTarget))
                oneHot[row, targets.Span[row]] = -1;
        }

        return Reduce((logarithms * tape.Constant(oneHot)).Sum(1), onnx, tape);
    }

    /// <summary>[N, C, d1, d2, ...] as [rows, C].</summary>
    private static Variable<float> ClassesLast(Variable<float> x)
    {
        int classes = x.Shape[1], inner = (int)x.Shape.Count / x.Shape[0] / classes;
        return x.Reshape([x.Shape[0], classes, inner]).Transpose(1, 2).Reshape([x.Shape[0] * inner, classes]);
    }

    private static Variable<float> Reduce(Variable<float> losses, OnnxCase onnx, Tape<float> tape)
    {
        Tensor<int> targets = onnx.Integers(1);
        int ignored = onnx.WholeNumber("ignore_index", CrossEntropyOperator.DefaultIgnoredTarget);
        float[] classWeights = onnx.Has(2) ? onnx.Tensor(2).Span.ToArray() : [];
        float[] weights =
        [
            .. targets.Span.ToArray().Select(target => target == ignored ? 0 : classWeights.Length == 0 ? 1 : classWeights[target]),
        ];
        Variable<float> weight = tape.Constant(Tensor<float>.From(weights, losses.Shape));
        return onnx.Text("reduction") switch
        {
            "none" => (losses * weight).Reshape(targets.Shape),
            "sum" => (losses * weight).Sum(),
            _ => (losses * weight).Sum() / weight.Sum(),
        };
    }
}
