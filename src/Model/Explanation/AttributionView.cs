using System.Numerics;
using System.Text.Json.Serialization;
using MiniGpt.Model.Architectures;

namespace MiniGpt.Model.Explanation;

/// <summary>What a part of a logit comes from.</summary>
[JsonConverter(typeof(NameConverter<ContributionKind>))]
public enum ContributionKind
{
    /// <summary>The vector of the last token.</summary>
    [JsonStringEnumMemberName("token_embedding")] TokenEmbedding,

    /// <summary>The vector of its position.</summary>
    [JsonStringEnumMemberName("position_embedding")] PositionEmbedding,

    /// <summary>The vector of its kind of text.</summary>
    [JsonStringEnumMemberName("segment_embedding")] SegmentEmbedding,

    /// <summary>The bias of the norm of the embeddings.</summary>
    [JsonStringEnumMemberName("embedding_norm_bias")] EmbeddingNormBias,

    /// <summary>A head of attention.</summary>
    [JsonStringEnumMemberName("head")] Head,

    /// <summary>The bias of a block's projection of its heads' outputs.</summary>
    [JsonStringEnumMemberName("attention_bias")] AttentionBias,

    /// <summary>The bias of the norm after a block's attention.</summary>
    [JsonStringEnumMemberName("attention_norm_bias")] AttentionNormBias,

    /// <summary>The feed-forward layers of a block, without the bias of the last of them.</summary>
    [JsonStringEnumMemberName("feed_forward")] FeedForward,

    /// <summary>That bias.</summary>
    [JsonStringEnumMemberName("feed_forward_bias")] FeedForwardBias,

    /// <summary>The bias of the norm after a block's feed-forward layers.</summary>
    [JsonStringEnumMemberName("feed_forward_norm_bias")] FeedForwardNormBias,

    /// <summary>The bias of the norm after the last block.</summary>
    [JsonStringEnumMemberName("final_norm_bias")] FinalNormBias,

    /// <summary>The bias of the head.</summary>
    [JsonStringEnumMemberName("logit_bias")] LogitBias,
}

/// <summary>A part of a logit.</summary>
/// <param name="Kind">What it comes from.</param>
/// <param name="Layer">The block, from 0; null outside of the blocks.</param>
/// <param name="Head">Of a head, its place in the block, from 0; else null.</param>
/// <param name="Value">How much it adds to the logit.</param>
public readonly record struct Contribution(ContributionKind Kind, int? Layer, int? Head, double Value);

/// <summary>
/// Where the logit of a token that may come next, or the difference of two, comes from (direct logit attribution; Elhage et al. 2021). Everything that
/// is added to the residual stream at the last position reaches the logit through the norms on the way and the head. With the scales of these norms held
/// as they are in this text that is linear, so that the parts add up to the logit. What a part does by way of later layers is counted as theirs.
/// </summary>
/// <param name="Token">The token whose logit it is.</param>
/// <param name="Against">The token whose logit is taken away from it; null for none.</param>
/// <param name="Logit">The logit, or the difference, as the model computes it.</param>
/// <param name="Contributions">Its parts, from the input to the output.</param>
public sealed record AttributionView(int Token, int? Against, double Logit, IReadOnlyList<Contribution> Contributions)
{
    /// <summary>What the parts do not explain: rounding.</summary>
    public double LeftOver => Logit - Contributions.Sum(contribution => contribution.Value);

    /// <summary>The parts that add or take away most, most first, and the sum of all others.</summary>
    public (IReadOnlyList<Contribution> Greatest, double Others) Split(int count)
    {
        int[] greatest = Ranking.Greatest<double>([.. Contributions.Select(contribution => Math.Abs(contribution.Value))], count);
        double others = Contributions.Index().Where(pair => !greatest.Contains(pair.Index)).Sum(pair => pair.Item.Value);
        return ([.. greatest.Select(i => Contributions[i])], others);
    }

    /// <summary>Takes a logit apart.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">The text.</param>
    /// <param name="token">A token that may follow it.</param>
    /// <param name="against">Another one, whose logit is taken away; null for none.</param>
    /// <exception cref="ArgumentException">
    /// The text has no token, or more than the context, or an id is outside of the vocabulary; or the model is a recurrent network, or its logits are no
    /// linear function of its last hidden state.
    /// </exception>
    /// <exception cref="InvalidOperationException">The model's matrices are laid out to be read.</exception>
    public static AttributionView Of<T>(Decoder<T> model, ReadOnlySpan<int> ids, int token, int? against = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using DecoderTrace<T> trace = model.Trace(ids);
        return Of(model, trace, token, against);
    }

    /// <summary>The same of a text that the model has gone through already.</summary>
    /// <param name="model">The model.</param>
    /// <param name="trace">What it computed of the text.</param>
    /// <param name="token">A token that may follow it.</param>
    /// <param name="against">Another one, whose logit is taken away; null for none.</param>
    /// <exception cref="ArgumentException">An id is outside of the vocabulary, or the model's logits are no linear function of its last hidden state.</exception>
    /// <exception cref="InvalidOperationException">The model's matrices are laid out to be read.</exception>
    public static AttributionView Of<T>(Decoder<T> model, DecoderTrace<T> trace, int token, int? against = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        model.RequireId(token);
        model.RequireId(against ?? token);
        LogitDirection.Check(model);
        double[] logits = RowReading.Last(trace.Logits);
        return new AttributionView(token, against, logits[token] - (against is int other ? logits[other] : 0), new LogitParts<T>(model, trace).Of(token, against));
    }
}
