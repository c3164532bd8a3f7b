using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Phi-3: Llama's keys, with queries, keys and values in one matrix, and gate and up in another, as they are here.</summary>
internal sealed class Phi3Format : LlamaFormat
{
    public override IReadOnlyList<string> ModelTypes { get; } = ["phi3"];

    public override TensorMap HuggingFace { get; } = new(
        ("tokens", ["model.embed_tokens"]),
        ("blocks.*.attention_norm", ["model.layers.*.input_layernorm"]),
        ("blocks.*.attention.qkv", ["model.layers.*.self_attn.qkv_proj"]),
        ("blocks.*.attention.output", ["model.layers.*.self_attn.o_proj"]),
        ("blocks.*.feed_forward_norm", ["model.layers.*.post_attention_layernorm"]),
        ("blocks.*.feed_forward.up", ["model.layers.*.mlp.gate_up_proj"]),
        ("blocks.*.feed_forward.down", ["model.layers.*.mlp.down_proj"]),
        ("norm", ["model.norm"]),
        ("head", ["lm_head"]))
    {
        Prefix = "model.",
        Blocks = "layers.",
    };

    public override TensorMap Gguf { get; } = new(
        ("tokens", ["token_embd"]),
        ("blocks.*.attention_norm", ["blk.*.attn_norm"]),
        ("blocks.*.attention.qkv", ["blk.*.attn_qkv"]),
        ("blocks.*.attention.output", ["blk.*.attn_output"]),
        ("blocks.*.feed_forward_norm", ["blk.*.ffn_norm"]),
        ("blocks.*.feed_forward.up", ["blk.*.ffn_up"]),
        ("blocks.*.feed_forward.down", ["blk.*.ffn_down"]),
        ("norm", ["output_norm"]),
        ("head", ["output"]))
    {
        Blocks = "blk.",
    };

    protected override bool HasWindow(string modelType) => true;

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstKind(config) ?? config switch
    {
        { Attention: not { HasBias: false, HasOutputBias: false, NormsQueriesAndKeys: false } } or { FeedForward.HasBias: true } =>
            "biases, or norms on queries and keys",
        { Architecture: not "phi3" } => "another architecture than Phi-3's",
        _ => null,
    };
}
