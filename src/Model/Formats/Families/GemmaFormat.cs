using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Gemma: Llama's keys and names. Hugging Face's folders have of a gain what it is more than 1, llama.cpp's files the gain itself.</summary>
internal sealed class GemmaFormat : LlamaFormat
{
    private const string ActivationKey = "hidden_activation"; // hidden_act is read by nobody: it said gelu and meant this

    public override IReadOnlyList<string> ModelTypes { get; } = ["gemma"];

    public override IReadOnlySet<string> Keys => s_keys;

    public override TensorMap HuggingFace { get; } = LlamaMap
        .With("blocks.*.attention_norm", new TensorPart("model.layers.*.input_layernorm", TensorLayout.LessOne))
        .With("blocks.*.feed_forward_norm", new TensorPart("model.layers.*.post_attention_layernorm", TensorLayout.LessOne))
        .With("norm", new TensorPart("model.norm", TensorLayout.LessOne));

    public override TensorMap Gguf { get; } = GgufMap(TensorLayout.AsIs);

    private static readonly HashSet<string> s_keys = [.. new LlamaFormat().Keys, ActivationKey];

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstKind(config with { EmbeddingScale = 1 }) ?? config switch
    {
        { Attention: not { HasBias: false, HasOutputBias: false, NormsQueriesAndKeys: false, Window: 0 } } or { FeedForward.HasBias: true } =>
            "biases, norms on queries and keys, or a window",
        { FeedForward.Activation: not Activation.GeluTanh } => $"the activation {OptionNames.Of(config.FeedForward.Activation)}",
        _ when config.EmbeddingScale != Math.Sqrt(config.Width) => "another scale of the embedding than √width",
        _ => null,
    };

    public override string? ReasonAgainstGguf(TransformerConfig config) =>
        config.IsTied ? RotaryGguf.ReasonAgainst(config) : "a head of its own, where llama.cpp's Gemma has the embedding";

    public override TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra)
    {
        TransformerConfig config = base.ReadConfig(fields, modelType, extra);
        return config with
        {
            FeedForward = config.FeedForward with { Activation = ReadActivation(fields, ActivationKey, Activation.GeluTanh) },
            Head = fields.Flag("tie_word_embeddings", true) ? HeadKind.Tied : HeadKind.Own,
        };
    }

    public override void WriteConfig(TransformerConfig config, JsonObject json)
    {
        base.WriteConfig(config, json);
        json["hidden_act"] = "gelu_pytorch_tanh";
        json[ActivationKey] = "gelu_pytorch_tanh";
    }
}
