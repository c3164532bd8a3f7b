using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>GPT-2 as Hugging Face and llama.cpp write it.</summary>
/// <remarks>
/// Its config.json knows three dropouts and a <see cref="TransformerConfig"/> one: resid_pdrop is the one, and the other two, where they
/// differ from it, are extra keys, which are kept and written back but not trained with.
/// </remarks>
internal sealed class Gpt2Format : FamilyFormat
{
    // Hugging Face's classes know learned positions alone, llama.cpp gelu_new as well.
    private const string PositionsKey = "minigpt_positions";
    private const string GgufActivationKey = "minigpt.activation";
    private const string GgufPositionsKey = "minigpt.positions";

    public override IReadOnlyList<string> ModelTypes { get; } = ["gpt2"];

    public override IReadOnlySet<string> Keys { get; } = new HashSet<string>
    {
        "vocab_size", "n_positions", "n_ctx", "n_embd", "n_layer", "n_head", "n_inner", "activation_function",
        "layer_norm_epsilon", "embd_pdrop", "attn_pdrop", "resid_pdrop", "initializer_range", "tie_word_embeddings", PositionsKey,
    };

    public override IReadOnlyList<string> GgufKeys { get; } = ["attention.layer_norm_epsilon"];

    public override TensorMap HuggingFace { get; } = new(
        ("tokens", ["transformer.wte"]),
        ("positions", ["transformer.wpe"]),
        ("blocks.*.attention_norm", ["transformer.h.*.ln_1"]),
        ("blocks.*.attention.qkv", [new("transformer.h.*.attn.c_attn", TensorLayout.Transposed)]),
        ("blocks.*.attention.output", [new("transformer.h.*.attn.c_proj", TensorLayout.Transposed)]),
        ("blocks.*.feed_forward_norm", ["transformer.h.*.ln_2"]),
        ("blocks.*.feed_forward.up", [new("transformer.h.*.mlp.c_fc", TensorLayout.Transposed)]),
        ("blocks.*.feed_forward.down", [new("transformer.h.*.mlp.c_proj", TensorLayout.Transposed)]),
        ("norm", ["transformer.ln_f"]),
        ("head", ["lm_head"]))
    {
        Prefix = "transformer.",
        Blocks = ["h."],
        Ignored = [".attn.bias", ".attn.masked_bias"], // masks in old files
    };

    public override TensorMap Gguf { get; } = new(
        ("tokens", ["token_embd"]),
        ("positions", ["position_embd"]),
        ("blocks.*.attention_norm", ["blk.*.attn_norm"]),
        ("blocks.*.attention.qkv", ["blk.*.attn_qkv"]),
        ("blocks.*.attention.output", ["blk.*.attn_output"]),
        ("blocks.*.feed_forward_norm", ["blk.*.ffn_norm"]),
        ("blocks.*.feed_forward.up", ["blk.*.ffn_up"]),
        ("blocks.*.feed_forward.down", ["blk.*.ffn_down"]),
        ("norm", ["output_norm"]),
        ("head", ["output"]))
    {
        Blocks = ["blk."],
    };

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstPlain(config) ?? config switch
    {
        { Norm: not { Kind: NormKind.Layer, HasBias: true, Place: NormPlace.Before } } => "other norms than layer norms before each branch",
        { Positions.HasTable: false } => $"positions of the kind {OptionNames.Of(config.Positions.Kind)}",
        { Attention: not { HasBias: true, HasOutputBias: true, NormsQueriesAndKeys: false, Window: 0 } } =>
            "attention without biases, with norms on queries and keys, or with a window",
        { FeedForward: not { IsGated: false, HasBias: true } } => "gated feed-forward layers, or none with biases",
        _ when config.Attention.KeyHeads != config.Attention.Heads => "fewer heads of keys than of queries",
        _ when config.HeadSize * config.Attention.Heads != config.Width => "a head size of its own",
        _ => null,
    };

    public override TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra)
    {
        RequireFlags(fields, ("scale_attn_weights", true), ("scale_attn_by_inverse_layer_idx", false), ("add_cross_attention", false));
        double dropout = fields.Number("resid_pdrop", 0.1);
        foreach (string key in (string[])["embd_pdrop", "attn_pdrop"])
        {
            if (fields.Number(key, 0.1) is var rate && rate != dropout)
                extra[key] = rate;
        }
        TransformerConfig sizes = Gpt2.Config(
            fields.Integer("vocab_size"), fields.OptionalInteger("n_positions") ?? fields.Integer("n_ctx"),
            fields.Integer("n_layer"), fields.Integer("n_head"), fields.Integer("n_embd"));
        return sizes with
        {
            FeedForward = sizes.FeedForward with
            {
                Width = fields.OptionalInteger("n_inner") ?? 0,
                Activation = ReadActivation(fields, "activation_function", Activation.GeluTanh),
            },
            Positions = sizes.Positions with
            {
                Kind = fields.Choice(PositionsKey, PositionKind.Learned) is var kind and (PositionKind.Learned or PositionKind.Sinusoidal)
                    ? kind
                    : throw fields.Wrong(PositionsKey, "learned or sinusoidal"),
            },
            Norm = sizes.Norm with { Epsilon = fields.Number("layer_norm_epsilon", 1e-5) },
            Dropout = dropout,
            InitializerRange = fields.Number("initializer_range", 0.02),
            Head = fields.Flag("tie_word_embeddings", true) ? HeadKind.Tied : HeadKind.Own,
        };
    }

    public override void WriteConfig(TransformerConfig config, JsonObject json)
    {
        json["architectures"] = new JsonArray("GPT2LMHeadModel");
        json["vocab_size"] = config.VocabularySize;
        json["n_positions"] = config.Context;
        json["n_ctx"] = config.Context;
        json["n_embd"] = config.Width;
        json["n_layer"] = config.Layers;
        json["n_head"] = config.Attention.Heads;
        json["n_inner"] = config.FeedForwardWidth == 4 * config.Width ? null : config.FeedForwardWidth;
        json["activation_function"] = OptionNames.Of(config.FeedForward.Activation);
        json["layer_norm_epsilon"] = config.Norm.Epsilon;
        json["embd_pdrop"] = config.Dropout;
        json["attn_pdrop"] = config.Dropout;
        json["resid_pdrop"] = config.Dropout;
        json["initializer_range"] = config.InitializerRange;
        json["tie_word_embeddings"] = config.IsTied;
        json["bos_token_id"] = config.BeginOfTextId;
        json["eos_token_id"] = config.EndOfTextId;
        if (config.Positions.Kind != PositionKind.Learned)
            json[PositionsKey] = OptionNames.Of(config.Positions.Kind);
    }

    public override TransformerConfig ReadGguf(GgufSizes sizes)
    {
        TransformerConfig config = Gpt2.Config(sizes.ToModelSizes());
        PositionKind positions = sizes.Choice(GgufPositionsKey, PositionKind.Learned);
        if (positions is not (PositionKind.Learned or PositionKind.Sinusoidal))
            throw sizes.NotSupported(GgufPositionsKey, OptionNames.Of(positions), "learned or sinusoidal");
        return config with
        {
            FeedForward = config.FeedForward with
            {
                Width = sizes.FeedForwardWidth == 4L * sizes.Width ? 0 : sizes.FeedForwardWidth,
                Activation = sizes.Choice(GgufActivationKey, Activation.GeluTanh),
            },
            Positions = config.Positions with { Kind = positions },
            Norm = config.Norm with { Epsilon = sizes.Number("attention.layer_norm_epsilon") ?? 1e-5 },
        };
    }

    public override void WriteGguf(TransformerConfig config, GgufWriter writer, string prefix)
    {
        writer.Add($"{prefix}attention.layer_norm_epsilon", config.Norm.Epsilon);
        if (config.FeedForward.Activation != Activation.GeluTanh)
            writer.Add(GgufActivationKey, OptionNames.Of(config.FeedForward.Activation));
        if (config.Positions.Kind != PositionKind.Learned)
            writer.Add(GgufPositionsKey, OptionNames.Of(config.Positions.Kind));
    }
}
