using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Explanation;

/// <summary>
/// Rotary positions at work in the first block: queries and keys of the first tokens as they are before they are turned, which a page turns by
/// itself, to any position.
/// </summary>
/// <param name="Frequencies">[D / 2]: the angle, in radians, by which each pair of numbers turns from one position to the next.</param>
/// <param name="Queries">[H, tokens, D]: pairs are the numbers d and d + D / 2.</param>
/// <param name="Keys">[G, tokens, D].</param>
public sealed record RotationView(double[] Frequencies, PackedNumbers Queries, PackedNumbers Keys)
{
    private const int MostTokens = 24;
    private const int MostNumbers = 50_000;

    /// <summary>What a model has; null where its positions are not rotary.</summary>
    internal static RotationView? Of(LanguageModel<float> model, TextTrace<float> trace)
    {
        if (model.Stack.Rotary is not { } rotary)
            return null;
        BlockTrace<float> block = trace.Blocks[0];
        (Tensor<float> queries, Tensor<float> keys) = (block.Query, block.Key);
        int ofToken = (queries.Shape[0] + keys.Shape[0]) * queries.Shape[2];
        int tokens = Math.Min(trace.Ids.Count, Math.Clamp(MostNumbers / ofToken, 1, MostTokens));
        return new RotationView(rotary.Frequencies, TurnedBack(queries, rotary, tokens), TurnedBack(keys, rotary, tokens));
    }

    private static PackedNumbers TurnedBack(Tensor<float> turned, RotaryPositions<float> rotary, int tokens)
    {
        (int heads, int half) = (turned.Shape[0], rotary.Frequencies.Length);
        float[] plain = new float[heads * tokens * 2 * half];
        for (int head = 0, to = 0; head < heads; head++)
        {
            for (int position = 0; position < tokens; position++, to += 2 * half)
            {
                for (int pair = 0; pair < half; pair++)
                {
                    (double sine, double cosine) = Math.SinCos(position * rotary.Frequencies[pair]);
                    (double x, double y) = (turned[head, position, pair], turned[head, position, pair + half]);
                    plain[to + pair] = (float)(x * cosine + y * sine);
                    plain[to + pair + half] = (float)(y * cosine - x * sine);
                }
            }
        }
        return PackedNumbers.Exact(plain, heads, tokens, 2 * half);
    }
}
