using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>Attention step by step instead of in one go, for whoever looks at it.</summary>
/// <param name="Scale">Multiplies the scores.</param>
/// <param name="Layer">The block that it belongs to, from 0.</param>
internal readonly record struct AttentionSteps<T>(T Scale, int Layer)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Softmax of the scaled scores, and the values weighted by it and summed.</summary>
    /// <param name="q">[B, H, Tq, D].</param>
    /// <param name="k">[B, G, Tk, D].</param>
    /// <param name="v">[B, G, Tk, D].</param>
    /// <param name="hidden">[Tq, Tk]: not 0 where a query does not see a key; empty where each sees all.</param>
    /// <param name="pass">Whose observer sees the weights, and for self-attention the other values too.</param>
    /// <param name="weightsStage">What the weights are to the observer.</param>
    /// <returns>[B, Tq, H · D].</returns>
    public Variable<T> Forward(Variable<T> q, Variable<T> k, Variable<T> v, Tensor<T> hidden, in ForwardPass<T> pass, ForwardStage weightsStage)
    {
        bool isSelf = weightsStage == ForwardStage.Weights;
        (q, k, v) = (q.WithoutGaps(), k.WithoutGaps(), v.WithoutGaps());
        if (isSelf)
        {
            q = pass.Show(ForwardStage.Query, Layer, q);
            k = pass.Show(ForwardStage.Key, Layer, k);
            v = pass.Show(ForwardStage.Value, Layer, v);
        }
        Variable<T> scores = ForEachHead(q, k, transposeB: true); // (B, H, Tq, Tk)
        if (isSelf)
            scores = pass.Show(ForwardStage.Scores, Layer, scores);
        scores *= Scale;
        if (!hidden.IsEmpty)
            scores = scores.MaskedFill(hidden, T.NegativeInfinity);
        Variable<T> weights = pass.Show(weightsStage, Layer, scores.Softmax());
        Variable<T> heads = ForEachHead(weights, v, transposeB: false); // (B, H, Tq, D)
        if (isSelf)
            heads = pass.Show(ForwardStage.HeadOutputs, Layer, heads);
        return heads.Transpose(1, 2).Reshape([q.Shape[0], q.Shape[2], q.Shape[1] * v.Shape[3]]);
    }

    /// <summary>A product for each head of queries with the head of keys or values that it shares.</summary>
    private static Variable<T> ForEachHead(Variable<T> a, Variable<T> b, bool transposeB)
    {
        (int heads, int keyHeads) = (a.Shape[1], b.Shape[1]);
        if (heads == keyHeads)
            return a.MatMul(b, transposeB: transposeB);
        Variable<T> grouped = a.Reshape([a.Shape[0], keyHeads, heads / keyHeads, a.Shape[2], a.Shape[3]]); // (B, G, H/G, T, ·)
        Variable<T> shared = b.Reshape([b.Shape[0], keyHeads, 1, b.Shape[2], b.Shape[3]]);
        Variable<T> product = grouped.MatMul(shared, transposeB: transposeB);
        return product.Reshape([a.Shape[0], heads, a.Shape[2], product.Shape[-1]]);
    }
}
