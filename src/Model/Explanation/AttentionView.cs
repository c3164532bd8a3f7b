using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>Who looks at whom, in every head.</summary>
/// <param name="Weights">The lower triangles of [L·H, T, T], layer after layer: the upper ones are zero.</param>
/// <param name="Scores">[L·H, S, S]: the dot products of the first S tokens, before scale and mask.</param>
public sealed record AttentionView(PackedNumbers Weights, PackedNumbers Scores)
{
    private const int MostExactWeights = 250_000; // a megabyte
    private const int MostScored = 24;

    internal static AttentionView Of(DecoderTrace<float> trace)
    {
        int length = trace.Ids.Count, scored = Math.Min(length, MostScored);
        List<float[]> weights = [];
        List<float> scores = [];
        foreach (BlockTrace<float> block in trace.Blocks)
        {
            int heads = block.Weights.Shape[0];
            for (int head = 0; head < heads; head++)
            {
                weights.Add(HeadOf(block.Weights, head));
                float[] all = HeadOf(block.Scores, head);
                for (int query = 0; query < scored; query++)
                    scores.AddRange(all.AsSpan(query * length, scored));
            }
        }
        return new AttentionView(
            PackedNumbers.LowerTriangles(weights, length, MostExactWeights),
            PackedNumbers.Exact(scores.ToArray(), weights.Count, scored, scored));

        float[] HeadOf(Tensor<float> tensor, int head) => tensor.Span.Slice(head * length * length, length * length).ToArray();
    }
}
