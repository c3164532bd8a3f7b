using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>Who looks at whom, in every head.</summary>
/// <param name="Layers">How many blocks.</param>
/// <param name="Heads">H.</param>
/// <param name="KeyHeads">G: heads of keys and values, each shared by H / G heads of queries.</param>
/// <param name="Weights">[L·H, queries, keys], layer after layer; of attention that sees backward alone the lower triangles, [L·H, T].</param>
/// <param name="Scores">[L·H, S, S]: the dot products of the first S tokens, before scale and mask; null of attention to another text.</param>
public sealed record AttentionView(int Layers, int Heads, int KeyHeads, PackedNumbers Weights, PackedNumbers? Scores)
{
    private const int MostExactWeights = 250_000; // a megabyte
    private const int MostScored = 24;
    private const int MostScores = 100_000;

    /// <summary>Attention of a text to itself.</summary>
    /// <param name="trace">What the model computed of it.</param>
    /// <param name="isCausal">Whether a position sees itself and those before it alone.</param>
    internal static AttentionView Of(TextTrace<float> trace, bool isCausal)
    {
        (int length, int layers) = (trace.Ids.Count, trace.Blocks.Count);
        (int heads, int keyHeads) = (trace.Blocks[0].Weights.Shape[0], trace.Blocks[0].Key.Shape[0]);
        float[][] weights = [.. trace.Blocks.SelectMany(block => HeadsOf(block.Weights))];
        int most = (int)Math.Sqrt(MostScores / (layers * heads)), scored = Math.Clamp(most, 1, Math.Min(length, MostScored));
        float[] scores = [.. trace.Blocks.SelectMany(block => HeadsOf(block.Scores))
            .SelectMany(head => head.Chunk(length).Take(scored).SelectMany(row => row.Take(scored)))];
        return new AttentionView(layers, heads, keyHeads,
            isCausal ? PackedNumbers.LowerTriangles(weights, length, MostExactWeights) : PackedNumbers.Shares(weights, length, MostExactWeights),
            PackedNumbers.Exact(scores, weights.Length, scored, scored));
    }

    /// <summary>Attention of a translation to its source.</summary>
    internal static AttentionView OfSource(TranslationTrace<float> trace)
    {
        float[][] weights = [.. trace.Blocks.SelectMany(block => HeadsOf(block.SourceWeights))];
        int heads = trace.Blocks[0].SourceWeights.Shape[0];
        return new AttentionView(trace.Blocks.Count, heads, heads, PackedNumbers.Shares(weights, trace.Source.Ids.Count, MostExactWeights), Scores: null);
    }

    private static IEnumerable<float[]> HeadsOf(Tensor<float> tensor)
    {
        int heads = tensor.Shape[0], size = (int)tensor.Count / heads;
        return Enumerable.Range(0, heads).Select(head => tensor.Span.Slice(head * size, size).ToArray());
    }
}
