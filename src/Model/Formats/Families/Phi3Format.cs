using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Phi-3: Llama's keys, with queries, keys and values in one matrix, and gate and up in another, as they are here.</summary>
internal sealed class Phi3Format : LlamaFormat
{
    public override IReadOnlyList<string> ModelTypes { get; } = ["phi3"];

    public override TensorMap HuggingFace => s_huggingFace;

    public override TensorMap Gguf => s_gguf;

    private static readonly TensorMap s_huggingFace = LlamaMap
        .With(Fused, "model.layers.*.self_attn.qkv_proj").With(GateAndUp, "model.layers.*.mlp.gate_up_proj");

    private static readonly TensorMap s_gguf = GgufMap(TensorLayout.AsIs).With(Fused, "blk.*.attn_qkv").With(GateAndUp, "blk.*.ffn_up");

    protected override bool HasWindow(string modelType) => true;

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstKind(config) ?? config switch
    {
        { Attention: not { HasBias: false, HasOutputBias: false, NormsQueriesAndKeys: false } } or { FeedForward.HasBias: true } =>
            "biases, or norms on queries and keys",
        { Architecture: not "phi3" } => "another architecture than Phi-3's",
        _ => null,
    };
}
