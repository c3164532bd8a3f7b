using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>BERT as Hugging Face writes it: with its head for masked words (BertForMaskedLM), or without (BertModel, sentence encoders, classifiers).</summary>
internal sealed class BertFormat : FamilyFormat
{
    // What the classes that have the head are called, or end in.
    private static readonly string[] s_withHead = ["ForMaskedLM", "ForPreTraining", "LMHeadModel"];

    public override IReadOnlyList<string> ModelTypes { get; } = ["bert"];

    public override IReadOnlySet<string> Keys { get; } = new HashSet<string>
    {
        "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings",
        "type_vocab_size", "hidden_act", "layer_norm_eps", "hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range",
        "pad_token_id", "tie_word_embeddings", "position_embedding_type", "is_decoder", "add_cross_attention",
    };

    public override TensorMap HuggingFace { get; } = new(
        ("tokens", ["bert.embeddings.word_embeddings"]),
        ("positions", ["bert.embeddings.position_embeddings"]),
        ("segments", ["bert.embeddings.token_type_embeddings"]),
        ("embedding_norm", ["bert.embeddings.LayerNorm"]),
        ("blocks.*.attention.qkv",
            ["bert.encoder.layer.*.attention.self.query", "bert.encoder.layer.*.attention.self.key", "bert.encoder.layer.*.attention.self.value"]),
        ("blocks.*.attention.output", ["bert.encoder.layer.*.attention.output.dense"]),
        ("blocks.*.attention_norm", ["bert.encoder.layer.*.attention.output.LayerNorm"]),
        ("blocks.*.feed_forward.up", ["bert.encoder.layer.*.intermediate.dense"]),
        ("blocks.*.feed_forward.down", ["bert.encoder.layer.*.output.dense"]),
        ("blocks.*.feed_forward_norm", ["bert.encoder.layer.*.output.LayerNorm"]),
        ("head.transform", ["cls.predictions.transform.dense"]),
        ("head.norm", ["cls.predictions.transform.LayerNorm"]),
        ("head", ["cls.predictions.decoder"]),
        ("head.bias", ["cls.predictions.bias"]))
    {
        Prefix = "bert.",
        Blocks = ["encoder.layer."],
        Ignored = [".position_ids"],
    };

    public override string? ReasonAgainst(TransformerConfig config) => config switch
    {
        { Kind: not ModelKind.Encoder } => "attention that sees backward alone",
        { Norm: not { Kind: NormKind.Layer, HasBias: true, Place: NormPlace.After } } => "other norms than layer norms after each branch",
        { Positions.Kind: not PositionKind.Learned } => $"positions of the kind {OptionNames.Of(config.Positions.Kind)}",
        { Attention: not { HasBias: true, HasOutputBias: true, NormsQueriesAndKeys: false, Window: 0 } } =>
            "attention without biases, with norms on queries and keys, or with a window",
        { FeedForward: not { IsGated: false, HasBias: true } } => "gated feed-forward layers, or none with biases",
        not ({ Segments: > 0, NormsEmbedding: true } and ({ Head: HeadKind.None } or { TransformsHead: true, HeadBias: HeadBias.Trained })) =>
            "an embedding or a head of another kind",
        { EmbeddingScale: not 1 } => "a scale of the embedding",
        _ when config.Attention.KeyHeads != config.Attention.Heads => "fewer heads of keys than of queries",
        _ when config.HeadSize * config.Attention.Heads != config.Width => "a head size of its own",
        _ => null,
    };

    public override TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra)
    {
        RequireFlags(fields, ("is_decoder", false), ("add_cross_attention", false));
        if (fields.OptionalText("position_embedding_type") is { } positions and not "absolute")
            throw fields.Wrong("position_embedding_type", "absolute");
        double dropout = fields.Number("hidden_dropout_prob", 0.1);
        if (fields.Number("attention_probs_dropout_prob", 0.1) is var rate && rate != dropout)
            extra["attention_probs_dropout_prob"] = rate;
        TransformerConfig family = Bert.Config(new ModelSizes(
            fields.Integer("vocab_size"), fields.Integer("max_position_embeddings"), fields.Integer("num_hidden_layers"),
            fields.Integer("num_attention_heads"), fields.Integer("hidden_size"))
        { FeedForwardWidth = fields.Integer("intermediate_size") });
        string[] classes = [.. fields.OptionalArray("architectures").Select(name => name.ToString())];
        bool hasHead = classes.Length == 0 || classes.Any(name => s_withHead.Any(end => name.EndsWith(end, StringComparison.Ordinal)));
        return family with
        {
            FeedForward = family.FeedForward with { Activation = ReadActivation(fields, "hidden_act", Activation.GeluErf) },
            Norm = family.Norm with { Epsilon = fields.Number("layer_norm_eps", 1e-12) },
            Segments = fields.OptionalInteger("type_vocab_size") ?? 2,
            Dropout = dropout,
            InitializerRange = fields.Number("initializer_range", 0.02),
            PaddingId = fields.OptionalInteger("pad_token_id") ?? 0,
            Head = !hasHead ? HeadKind.None : fields.Flag("tie_word_embeddings", true) ? HeadKind.Tied : HeadKind.Own,
            TransformsHead = hasHead,
            HeadBias = hasHead ? family.HeadBias : HeadBias.None,
        };
    }

    public override void WriteConfig(TransformerConfig config, JsonObject json)
    {
        json["architectures"] = new JsonArray(config.Head == HeadKind.None ? "BertModel" : "BertForMaskedLM");
        json["vocab_size"] = config.VocabularySize;
        json["hidden_size"] = config.Width;
        json["num_hidden_layers"] = config.Layers;
        json["num_attention_heads"] = config.Attention.Heads;
        json["intermediate_size"] = config.FeedForwardWidth;
        json["max_position_embeddings"] = config.Context;
        json["type_vocab_size"] = config.Segments;
        json["hidden_act"] = OptionNames.Of(config.FeedForward.Activation);
        json["layer_norm_eps"] = config.Norm.Epsilon;
        json["hidden_dropout_prob"] = config.Dropout;
        json["attention_probs_dropout_prob"] = config.Dropout;
        json["initializer_range"] = config.InitializerRange;
        json["pad_token_id"] = config.PaddingId;
        json["tie_word_embeddings"] = config.Head != HeadKind.Own;
    }
}
