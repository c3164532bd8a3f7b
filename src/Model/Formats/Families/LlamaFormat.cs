using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Llama as Hugging Face and llama.cpp write it, and Mistral, which is the same with a window.</summary>
internal class LlamaFormat : FamilyFormat
{
    /// <summary>The layer of queries, keys and values.</summary>
    protected const string Fused = "blocks.*.attention.qkv";

    /// <summary>The layer of gate and up.</summary>
    protected const string GateAndUp = "blocks.*.feed_forward.up";

    private const string Mistral = "mistral";

    public override IReadOnlyList<string> ModelTypes { get; } = ["llama", Mistral];

    public override IReadOnlySet<string> Keys { get; } = new HashSet<string>
    {
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
        "max_position_embeddings", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters", "hidden_act", "tie_word_embeddings",
        "attention_bias", "mlp_bias", "sliding_window", "use_sliding_window", "max_window_layers", "layer_types", "initializer_range",
        "attention_dropout",
    };

    public override IReadOnlyList<string> GgufKeys { get; } =
    [
        "attention.head_count_kv", "attention.key_length", "attention.value_length", "attention.layer_norm_rms_epsilon",
        "attention.sliding_window", "rope.freq_base", "rope.dimension_count", "rope.scaling.type", "rope.scaling.factor",
    ];

    public override TensorMap HuggingFace => LlamaMap;

    public override TensorMap Gguf => s_gguf;

    /// <summary>Hugging Face's names.</summary>
    protected static TensorMap LlamaMap { get; } = new(
        ("tokens", ["model.embed_tokens"]),
        ("blocks.*.attention_norm", ["model.layers.*.input_layernorm"]),
        (Fused, ["model.layers.*.self_attn.q_proj", "model.layers.*.self_attn.k_proj", "model.layers.*.self_attn.v_proj"]),
        ("blocks.*.attention.query_norm", ["model.layers.*.self_attn.q_norm"]),
        ("blocks.*.attention.key_norm", ["model.layers.*.self_attn.k_norm"]),
        ("blocks.*.attention.output", ["model.layers.*.self_attn.o_proj"]),
        ("blocks.*.feed_forward_norm", ["model.layers.*.post_attention_layernorm"]),
        (GateAndUp, ["model.layers.*.mlp.gate_proj", "model.layers.*.mlp.up_proj"]),
        ("blocks.*.feed_forward.down", ["model.layers.*.mlp.down_proj"]),
        ("norm", ["model.norm"]),
        ("head", ["lm_head"]))
    {
        Prefix = "model.",
        Blocks = ["layers."],
        Ignored = [".rotary_emb.inv_freq"],
    };

    // llama.cpp's Llama turns neighbours with each other.
    private static readonly TensorMap s_gguf = GgufMap(TensorLayout.TurnsNeighbours);

    /// <summary>Whether sliding_window counts where no other key says so.</summary>
    protected virtual bool HasWindow(string modelType) => modelType == Mistral;

    /// <summary>What every model of the kind has: what stands here is checked before a family's own.</summary>
    protected static string? ReasonAgainstKind(TransformerConfig config) => ReasonAgainstPlain(config) ?? config switch
    {
        { Norm: not { Kind: NormKind.Rms, Place: NormPlace.Before } } => "other norms than RMS norms before each branch",
        { Positions.Kind: not PositionKind.Rotary } => $"positions of the kind {OptionNames.Of(config.Positions.Kind)}",
        { FeedForward.IsGated: false } => "feed-forward layers without a gate",
        _ => null,
    };

    public override string? ReasonAgainst(TransformerConfig config) => ReasonAgainstKind(config) ?? config switch
    {
        { Attention.NormsQueriesAndKeys: true } => "norms on queries and keys",
        _ when config.Attention.HasBias != config.Attention.HasOutputBias => "biases on some projections of attention alone",
        { Attention.Window: > 0 } when config.Architecture != Mistral => "a window of attention",
        _ => null,
    };

    public override string? ReasonAgainstGguf(TransformerConfig config) =>
        config.FeedForward.Activation == Activation.Silu
            ? RotaryGguf.ReasonAgainst(config)
            : $"the activation {OptionNames.Of(config.FeedForward.Activation)}, where llama.cpp computes silu";

    public override TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra)
    {
        ModelSizes sizes = new(
            fields.Integer("vocab_size"), fields.Integer("max_position_embeddings"), fields.Integer("num_hidden_layers"),
            fields.Integer("num_attention_heads"), fields.Integer("hidden_size"))
        {
            KeyHeads = fields.OptionalInteger("num_key_value_heads") ?? 0,
            HeadSize = fields.OptionalInteger("head_dim") ?? 0,
            FeedForwardWidth = fields.Integer("intermediate_size"),
        };
        TransformerConfig family = ModelFamily.All.FirstOrDefault(known => known.Name == modelType)?.Configure(sizes)
            ?? Llama.Config(sizes) with { Architecture = modelType };
        if (fields.Number("attention_dropout", 0) is var dropout and not 0)
            extra["attention_dropout"] = dropout;
        bool hasBias = fields.Flag("attention_bias", family.Attention is { HasBias: true, HasOutputBias: true });
        return family with
        {
            Attention = family.Attention with
            {
                HeadSize = sizes.HeadSize == 0 || sizes.HeadSize * sizes.Heads == sizes.Width ? 0 : sizes.HeadSize,
                HasBias = family.Attention.HasBias || hasBias,
                HasOutputBias = hasBias,
                Window = ReadWindow(fields, modelType, sizes.Context),
            },
            Norm = family.Norm with { Epsilon = fields.Number("rms_norm_eps", 1e-6) },
            FeedForward = family.FeedForward with
            {
                Activation = ReadActivation(fields, "hidden_act", Activation.Silu),
                HasBias = fields.Flag("mlp_bias", false),
            },
            Positions = RotaryJson.Read(fields, family.Positions),
            Head = fields.Flag("tie_word_embeddings", false) ? HeadKind.Tied : HeadKind.Own,
            InitializerRange = fields.Number("initializer_range", 0.02),
        };
    }

    public override void WriteConfig(TransformerConfig config, JsonObject json)
    {
        string type = ModelTypeOf(config);
        json["architectures"] = new JsonArray($"{char.ToUpperInvariant(type[0])}{type[1..]}ForCausalLM");
        json["vocab_size"] = config.VocabularySize;
        json["hidden_size"] = config.Width;
        json["intermediate_size"] = config.FeedForwardWidth;
        json["num_hidden_layers"] = config.Layers;
        json["num_attention_heads"] = config.Attention.Heads;
        json["num_key_value_heads"] = config.Attention.KeyHeads;
        json["head_dim"] = config.HeadSize;
        json["max_position_embeddings"] = config.Context;
        json["rms_norm_eps"] = config.Norm.Epsilon;
        json["rope_theta"] = config.Positions.RotaryBase;
        json["rope_scaling"] = RotaryJson.Write(config.Positions.RotaryScaling);
        json["hidden_act"] = OptionNames.Of(config.FeedForward.Activation);
        json["attention_bias"] = config.Attention.HasOutputBias;
        json["mlp_bias"] = config.FeedForward.HasBias;
        json["initializer_range"] = config.InitializerRange;
        json["tie_word_embeddings"] = config.IsTied;
        json["bos_token_id"] = config.BeginOfTextId;
        json["eos_token_id"] = config.EndOfTextId;
        if (HasWindow(type))
            json["sliding_window"] = config.Attention.Window > 0 ? config.Attention.Window : null;
        else if (config.Attention.Window > 0)
            (json["use_sliding_window"], json["sliding_window"], json["max_window_layers"]) = (true, config.Attention.Window, 0);
    }

    public override TransformerConfig ReadGguf(GgufSizes sizes)
    {
        TransformerConfig family = ModelFamily.Of(sizes.Architecture).Configure(sizes.ToModelSizes());
        bool hasBias = sizes.HasTensor("blk.0.attn_output.bias");
        return family with
        {
            Attention = family.Attention with
            {
                HasBias = sizes.HasTensor("blk.0.attn_q.bias"),
                HasOutputBias = hasBias,
                Window = sizes.Integer("attention.sliding_window") ?? 0,
            },
            Norm = family.Norm with { Epsilon = sizes.Number("attention.layer_norm_rms_epsilon") ?? family.Norm.Epsilon },
            FeedForward = family.FeedForward with { HasBias = sizes.HasTensor("blk.0.ffn_up.bias") },
            Positions = RotaryGguf.Read(sizes, family.Positions),
        };
    }

    public override void WriteGguf(TransformerConfig config, GgufWriter writer, string prefix)
    {
        writer.Add($"{prefix}attention.head_count_kv", config.Attention.KeyHeads);
        if (config.HeadSize * config.Attention.Heads != config.Width)
        {
            writer.Add($"{prefix}attention.key_length", config.HeadSize);
            writer.Add($"{prefix}attention.value_length", config.HeadSize);
        }
        writer.Add($"{prefix}attention.layer_norm_rms_epsilon", config.Norm.Epsilon);
        if (config.Attention.Window > 0)
            writer.Add($"{prefix}attention.sliding_window", config.Attention.Window);
        RotaryGguf.Write(config, writer, prefix);
    }

    /// <summary>llama.cpp's names.</summary>
    /// <param name="queriesAndKeys">How the rows of queries and keys lie.</param>
    protected static TensorMap GgufMap(TensorLayout queriesAndKeys) => new(
        ("tokens", ["token_embd"]),
        ("blocks.*.attention_norm", ["blk.*.attn_norm"]),
        (Fused, [new("blk.*.attn_q", queriesAndKeys), new("blk.*.attn_k", queriesAndKeys), "blk.*.attn_v"]),
        ("blocks.*.attention.query_norm", ["blk.*.attn_q_norm"]),
        ("blocks.*.attention.key_norm", ["blk.*.attn_k_norm"]),
        ("blocks.*.attention.output", ["blk.*.attn_output"]),
        ("blocks.*.feed_forward_norm", ["blk.*.ffn_norm"]),
        (GateAndUp, ["blk.*.ffn_gate", "blk.*.ffn_up"]),
        ("blocks.*.feed_forward.down", ["blk.*.ffn_down"]),
        ("norm", ["output_norm"]),
        ("head", ["output"]))
    {
        Blocks = ["blk."],
    };

    /// <summary>The window of all layers. Where only some have one that is shorter than the context, there is no such model here.</summary>
    private int ReadWindow(JsonFields fields, string modelType, int context)
    {
        int window = fields.OptionalInteger("sliding_window") ?? 0;
        if (!fields.Flag("use_sliding_window", missing: HasWindow(modelType)) || window == 0)
            return 0;
        string[] kinds = [.. fields.OptionalArray("layer_types").Select(kind => kind.ToString()).Distinct()];
        bool someAlone = kinds.Length > 1 || !HasWindow(modelType) && kinds.Length == 0 && fields.OptionalInteger("max_window_layers") is > 0;
        if (kinds is ["full_attention"])
            return 0;
        return !someAlone ? window : window >= context ? 0 : throw fields.NotSupported("sliding_window", "a window in all layers or in none");
    }
}
