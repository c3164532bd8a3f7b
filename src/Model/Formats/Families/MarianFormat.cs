using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Marian's translators as Hugging Face writes them (MarianMTModel).</summary>
internal sealed class MarianFormat : FamilyFormat
{
    public override IReadOnlyList<string> ModelTypes { get; } = ["marian"];

    public override IReadOnlySet<string> Keys { get; } = new HashSet<string>
    {
        "vocab_size", "decoder_vocab_size", "d_model", "encoder_layers", "decoder_layers", "encoder_attention_heads", "decoder_attention_heads",
        "encoder_ffn_dim", "decoder_ffn_dim", "max_position_embeddings", "activation_function", "scale_embedding", "static_position_embeddings",
        "share_encoder_decoder_embeddings", "tie_word_embeddings", "dropout", "init_std", "pad_token_id", "decoder_start_token_id",
        "is_encoder_decoder", "normalize_before", "normalize_embedding",
    };

    public override TensorMap HuggingFace { get; } = new(
    [
        ("tokens", ["model.shared"]),
        ("positions", []), // waves, which no file has
        .. Stack("encoder.blocks.", "model.encoder.layers."),
        .. Stack("blocks.", "model.decoder.layers."),
        ("blocks.*.source_attention.query", ["model.decoder.layers.*.encoder_attn.q_proj"]),
        ("blocks.*.source_attention.key_value", ["model.decoder.layers.*.encoder_attn.k_proj", "model.decoder.layers.*.encoder_attn.v_proj"]),
        ("blocks.*.source_attention.output", ["model.decoder.layers.*.encoder_attn.out_proj"]),
        ("blocks.*.source_attention_norm", ["model.decoder.layers.*.encoder_attn_layer_norm"]),
        ("head", ["lm_head"]),
        ("head.bias", [new("final_logits_bias", TensorLayout.OneRow)]),
    ])
    {
        Prefix = "model.",
        Blocks = ["encoder.layers.", "decoder.layers."],
        Ignored = [".embed_positions.weight", ".embed_tokens.weight"],
    };

    /// <summary>Where each language has its own tokens, the two tables stand apart.</summary>
    public override TensorMap MapOf(TransformerConfig config) => config.Source is not { VocabularySize: > 0 } ? HuggingFace
        : HuggingFace.With("tokens", "model.decoder.embed_tokens").With("encoder.tokens", "model.encoder.embed_tokens");

    public override string? ReasonAgainst(TransformerConfig config) => config switch
    {
        { Source: null } => "no encoder",
        { Source.EndOfTextId: int end } when end != config.EndOfTextId => "an id of its own that ends a text that is read",
        { Source.VocabularySize: > 0 } when config.PaddingId >= config.Source.VocabularySize => "a padding id that the language that is read does not have",
        { Norm: not { Kind: NormKind.Layer, HasBias: true, Place: NormPlace.After, Epsilon: 1e-5 } } => "other norms than layer norms after each branch",
        { Positions: not { Kind: PositionKind.Sinusoidal, SinesFirst: true } } => "positions of another kind than sines and then cosines",
        { Attention: not { HasBias: true, HasOutputBias: true, NormsQueriesAndKeys: false, Window: 0 } } =>
            "attention without biases, with norms on queries and keys, or with a window",
        { FeedForward: not { IsGated: false, HasBias: true } } => "gated feed-forward layers, or none with biases",
        not { Segments: 0, NormsEmbedding: false, TransformsHead: false, HeadBias: HeadBias.Fixed, Head: HeadKind.Tied } =>
            "an embedding or a head of another kind",
        _ when config.EmbeddingScale != 1 && config.EmbeddingScale != Math.Sqrt(config.Width) => "a scale of the embedding of its own",
        _ when config.Attention.KeyHeads != config.Attention.Heads => "fewer heads of keys than of queries",
        _ when config.HeadSize * config.Attention.Heads != config.Width => "a head size of its own",
        _ => null,
    };

    public override TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra)
    {
        RequireFlags(fields,
            ("static_position_embeddings", true), ("tie_word_embeddings", true), ("normalize_before", false), ("normalize_embedding", false));
        bool isShared = fields.Flag("share_encoder_decoder_embeddings", true);
        int source = fields.Integer("vocab_size"), target = fields.OptionalInteger("decoder_vocab_size") ?? source, width = fields.Integer("d_model");
        if (isShared && target != source)
            throw fields.Wrong("decoder_vocab_size", $"{source}, as vocab_size has it, where both languages share a table");
        if (!isShared && source <= 0)
            throw fields.Wrong("vocab_size", "how many tokens the language that is read has");
        TransformerConfig family = Marian.Config(new ModelSizes(
            target, fields.Integer("max_position_embeddings"), fields.Integer("decoder_layers"), fields.Integer("decoder_attention_heads"), width)
        { FeedForwardWidth = fields.Integer("decoder_ffn_dim") });
        return family with
        {
            Source = new()
            {
                VocabularySize = isShared ? 0 : source,
                Layers = fields.Integer("encoder_layers"),
                Heads = fields.Integer("encoder_attention_heads"),
                FeedForwardWidth = fields.Integer("encoder_ffn_dim"),
            },
            FeedForward = family.FeedForward with { Activation = ReadActivation(fields, "activation_function", Activation.GeluErf) },
            EmbeddingScale = fields.Flag("scale_embedding", false) ? family.EmbeddingScale : 1,
            Dropout = fields.Number("dropout", 0.1),
            InitializerRange = fields.Number("init_std", 0.02),
            PaddingId = fields.OptionalInteger("pad_token_id"),
            BeginOfTextId = fields.OptionalInteger("decoder_start_token_id") ?? fields.OptionalInteger("pad_token_id"),
        };
    }

    public override void WriteConfig(TransformerConfig config, JsonObject json)
    {
        TransformerConfig source = config.ToSource();
        json["architectures"] = new JsonArray("MarianMTModel");
        json["is_encoder_decoder"] = true;
        json["vocab_size"] = source.VocabularySize;
        json["decoder_vocab_size"] = config.VocabularySize;
        json["d_model"] = config.Width;
        json["encoder_layers"] = source.Layers;
        json["decoder_layers"] = config.Layers;
        json["encoder_attention_heads"] = source.Attention.Heads;
        json["decoder_attention_heads"] = config.Attention.Heads;
        json["encoder_ffn_dim"] = source.FeedForwardWidth;
        json["decoder_ffn_dim"] = config.FeedForwardWidth;
        json["max_position_embeddings"] = config.Context;
        json["activation_function"] = OptionNames.Of(config.FeedForward.Activation);
        json["scale_embedding"] = config.EmbeddingScale != 1;
        json["static_position_embeddings"] = true;
        json["share_encoder_decoder_embeddings"] = config.Source is not { VocabularySize: > 0 };
        json["tie_word_embeddings"] = true;
        json["dropout"] = config.Dropout;
        json["init_std"] = config.InitializerRange;
        json["pad_token_id"] = config.PaddingId;
        json["eos_token_id"] = config.EndOfTextId;
        json["decoder_start_token_id"] = config.BeginOfTextId;
    }

    private static (string Layer, TensorPart[] Parts)[] Stack(string ours, string theirs) =>
    [
        ($"{ours}*.attention.qkv", [$"{theirs}*.self_attn.q_proj", $"{theirs}*.self_attn.k_proj", $"{theirs}*.self_attn.v_proj"]),
        ($"{ours}*.attention.output", [$"{theirs}*.self_attn.out_proj"]),
        ($"{ours}*.attention_norm", [$"{theirs}*.self_attn_layer_norm"]),
        ($"{ours}*.feed_forward.up", [$"{theirs}*.fc1"]),
        ($"{ours}*.feed_forward.down", [$"{theirs}*.fc2"]),
        ($"{ours}*.feed_forward_norm", [$"{theirs}*.final_layer_norm"]),
    ];
}
