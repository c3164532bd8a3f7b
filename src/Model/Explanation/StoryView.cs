using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>
/// The way of the last token of a text through a decoder, in numbers few enough to be looked at: those of the tokens that one head of the
/// first block takes most from. A row has the first numbers of its vector.
/// </summary>
/// <param name="Head">The head of the first block that takes most from a single earlier token.</param>
/// <param name="KeyHead">The head of keys and values that it uses.</param>
/// <param name="Shown">The positions of those tokens, ascending; the last is that of the last token.</param>
/// <param name="TokenPart">Of the last token the row of the embedding; null where it alone is what goes in.</param>
/// <param name="PositionPart">Of the last token the row of the position table; null where there is none.</param>
/// <param name="Vectors">[shown][…]: what the first block gets.</param>
/// <param name="Query">What the last token asks for.</param>
/// <param name="Keys">[shown][…]: what each offers to be found by.</param>
/// <param name="Scores">[shown]: the products of the query with each key, over all numbers of the head.</param>
/// <param name="Weights">[shown]: how much the last token takes from each.</param>
/// <param name="OtherWeight">How much it takes from all others.</param>
/// <param name="Values">[shown][…]: what each gives.</param>
/// <param name="HeadOutput">The values of all tokens, weighted and summed.</param>
/// <param name="Attended">What all heads of the block together add to the vector of the last token.</param>
/// <param name="AfterAttention">That vector with it; null where a norm stands between.</param>
/// <param name="FeedForward">What the feed-forward layers of the block add.</param>
/// <param name="Stream">[blocks + 1][…]: the vector of the last token before the first block and after each.</param>
/// <param name="Hidden">The last of them, normed.</param>
/// <param name="Candidates">The likeliest tokens, likeliest first.</param>
/// <param name="CandidateRows">[candidates][…]: their rows of the output head.</param>
/// <param name="Logits">[candidates]: the products of the two, over all numbers.</param>
public sealed record StoryView(
    int Head, int KeyHead, int[] Shown, float[]? TokenPart, float[]? PositionPart, float[][] Vectors, float[] Query, float[][] Keys,
    float[] Scores, float[] Weights, float OtherWeight, float[][] Values, float[] HeadOutput, float[] Attended, float[]? AfterAttention,
    float[] FeedForward, float[][] Stream, float[] Hidden, int[] Candidates, float[][] CandidateRows, float[] Logits)
{
    private const int MostTokens = 7;
    private const int MostNumbers = 8;
    private const int MostCandidates = 6;

    internal static StoryView Of(Decoder<float> model, DecoderTrace<float> trace)
    {
        (int length, TransformerConfig config) = (trace.Ids.Count, model.Config);
        (int last, BlockTrace<float> block) = (length - 1, trace.Blocks[0]);
        (int heads, int keyHeads) = (config.Attention.Heads, config.Attention.KeyHeads);
        int head = last == 0 ? 0 : Enumerable.Range(0, heads).MaxBy(h => WeightsOf(h)[..last].Max());
        int keyHead = head * keyHeads / heads;
        float[] weights = WeightsOf(head);
        int[] shown = [.. Ranking.Greatest(weights.AsSpan(0, last), MostTokens - 1).Order(), last];
        float[] logits = trace.Logits.Span[^config.VocabularySize..].ToArray();
        int[] candidates = Ranking.Greatest(logits, MostCandidates);
        float[] input = Row(trace.Input, last), attended = Row(block.AttentionOutput, last);
        bool isSum = trace.PositionVectors is not null && config.EmbeddingScale == 1 && config.Segments == 0 && !config.NormsEmbedding;
        return new StoryView(
            head, keyHead, shown,
            isSum ? Row(trace.TokenVectors, last) : null,
            isSum ? Row(trace.PositionVectors!.Value, last) : null,
            [.. shown.Select(position => Row(trace.Input, position))],
            Row(block.Query, head * length + last),
            [.. shown.Select(position => Row(block.Key, keyHead * length + position))],
            [.. shown.Select(position => block.Scores[head, last, position])],
            [.. shown.Select(position => weights[position])],
            weights.Index().Where(pair => !shown.Contains(pair.Index)).Sum(pair => pair.Item),
            [.. shown.Select(position => Row(block.Value, keyHead * length + position))],
            Row(block.HeadOutputs, head * length + last),
            attended,
            config.Norm.Place == NormPlace.Before ? [.. input.Zip(attended, (x, added) => x + added)] : null,
            Row(block.FeedForwardOutput, last),
            [.. Enumerable.Range(0, config.Layers + 1).Select(blocks => Row(trace.Residual(blocks), last))],
            Row(trace.Hidden, last),
            candidates,
            [.. candidates.Select(id => Row(model.Head.Value, id))],
            [.. candidates.Select(id => logits[id])]);

        float[] WeightsOf(int of) => block.Weights.Span.Slice((of * length + last) * length, length).ToArray();
    }

    /// <summary>The first numbers of a row of a tensor, whatever axes its rows are counted along.</summary>
    private static float[] Row(Tensor<float> tensor, int row)
    {
        int width = tensor.Shape[-1];
        return tensor.Span.Slice(row * width, Math.Min(width, MostNumbers)).ToArray();
    }
}
