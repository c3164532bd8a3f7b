using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Lessons;

/// <summary>Attention step by step, as lessons show it, and in one piece, as models run it.</summary>
/// <param name="Scores">Dot products times the scale; what is hidden is minus infinity.</param>
/// <param name="Weights">Their softmax.</param>
/// <param name="Context">The weighted sums of the values.</param>
/// <param name="Fused">The same by the engine's attention operator.</param>
internal sealed record WrittenOutAttention(
    Variable<double> Scores, Variable<double> Weights, Variable<double> Context, Variable<double> Fused)
{
    /// <summary>Attention of queries [Q, D] over keys [K, D] and values [K, E].</summary>
    public static WrittenOutAttention Run(
        LessonBoard board, Variable<double> queries, Variable<double> keys, Variable<double> values, double scale, bool causal = false)
    {
        Variable<double> scores = queries.MatMul(keys, transposeB: true) * scale;
        if (causal)
            scores = scores.MaskedFill(Mask(board, scores.Shape), double.NegativeInfinity);
        Variable<double> weights = scores.Softmax();
        AttentionOptions<double> options = new() { Scale = scale, Causal = causal };
        Variable<double> context = weights.MatMul(values);
        Variable<double> fused = OneHead(queries).Attention(OneHead(keys), OneHead(values), options).Reshape(context.Shape);
        return new WrittenOutAttention(scores, weights, context, fused);
    }

    private static Variable<double> OneHead(Variable<double> x) => x.Reshape(x.Shape.Prepend(1).Prepend(1));

    private static Tensor<double> Mask(LessonBoard board, Shape shape)
    {
        Tensor<double> mask = board.Tape.Allocate<double>(shape);
        for (int query = 0; query < shape[0]; query++)
        {
            for (int key = 0; key < shape[1]; key++)
                mask[query, key] = key > query ? 1 : 0;
        }
        return mask;
    }
}
