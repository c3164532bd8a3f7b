using System.Text.Json.Serialization;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Explanation;

/// <summary>The kinds of parts that add something to the residual stream.</summary>
[JsonConverter(typeof(NameConverter<PartKind>))]
public enum PartKind
{
    /// <summary>One head of attention: what its rows of the output projection make of its output.</summary>
    [JsonStringEnumMemberName("head")] Head,

    /// <summary>All heads of a block, with the bias of their output projection.</summary>
    [JsonStringEnumMemberName("attention")] Attention,

    /// <summary>The feed-forward layers of a block, with their output's bias.</summary>
    [JsonStringEnumMemberName("feed_forward")] FeedForward,
}

/// <summary>A part of a model that adds something to the residual stream, and that can be switched off.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Layer">Its block, from 0.</param>
/// <param name="Head">Of a head, its place among the heads of the block, from 0.</param>
public readonly record struct ModelPart(PartKind Kind, int Layer, int Head = 0)
{
    /// <summary>One head.</summary>
    public static ModelPart OfHead(int layer, int head) => new(PartKind.Head, layer, head);

    /// <summary>The attention of a block.</summary>
    public static ModelPart OfAttention(int layer) => new(PartKind.Attention, layer);

    /// <summary>The feed-forward layers of a block.</summary>
    public static ModelPart OfFeedForward(int layer) => new(PartKind.FeedForward, layer);

    /// <summary>All that a block adds. Without it, a block whose norms stand before its branches passes on what it gets.</summary>
    public static IReadOnlyList<ModelPart> OfLayer(int layer) => [OfAttention(layer), OfFeedForward(layer)];

    /// <summary>Throws where a model does not have this part. Numbers in the message are as people count, from 1.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    internal void Check(TransformerConfig config)
    {
        CheckLayer(config, Layer);
        Require.That((uint)Head < (uint)config.Attention.Heads, $"there is no head {Head + 1}: each layer has {config.Attention.Heads}");
    }

    /// <summary>Throws where a model does not have so many layers.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
    internal static void CheckLayer(TransformerConfig config, int layer) =>
        Require.That((uint)layer < (uint)config.Layers, $"there is no layer {layer + 1}: the model has {config.Layers}");
}
