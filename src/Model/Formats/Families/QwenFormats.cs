using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Qwen2: Llama's keys and names, with biases on queries, keys and values.</summary>
internal sealed class Qwen2Format : LlamaFormat
{
    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen2"];

    public override TensorMap Gguf { get; } = GgufMap(TensorLayout.AsIs);

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstKind(config) ?? config switch
    {
        { Attention: not { HasBias: true, HasOutputBias: false, NormsQueriesAndKeys: false } } =>
            "other biases in attention than on queries, keys and values, or norms on queries and keys",
        { FeedForward.HasBias: true } => "biases in the feed-forward layers",
        _ => null,
    };
}

/// <summary>Qwen3: Llama's keys and names, with norms on queries and keys.</summary>
internal sealed class Qwen3Format : LlamaFormat
{
    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen3"];

    public override TensorMap Gguf { get; } = GgufMap(TensorLayout.AsIs);

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstKind(config) ?? config switch
    {
        { Attention.NormsQueriesAndKeys: false } => "no norms on queries and keys",
        { FeedForward.HasBias: true } => "biases in the feed-forward layers",
        _ when config.Attention.HasBias != config.Attention.HasOutputBias => "biases on some projections of attention alone",
        _ => null,
    };

    public override string? ReasonAgainstGguf(TransformerConfig config) =>
        base.ReasonAgainstGguf(config) ?? (config.Attention.HasBias ? "biases in attention, where llama.cpp's Qwen3 has none" : null);
}
