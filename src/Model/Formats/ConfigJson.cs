using System.Text.Json.Nodes;

namespace MiniGpt.Model.Formats;

/// <summary>
/// config.json, the configuration of a GPT-2 folder in Hugging Face's layout. Keys that are left out have Hugging Face's defaults.
/// </summary>
/// <remarks>
/// GPT-2 knows three dropouts and a <see cref="GptConfig"/> one: resid_pdrop is the one, and the other two, where they differ from it,
/// are extra keys, which are kept and written back but not trained with.
/// </remarks>
public static class ConfigJson
{
    private const string PositionsKey = "minigpt_positions";

    /// <summary>Keys that change the arithmetic, with the only value that is supported.</summary>
    private static readonly (string Key, bool Supported)[] s_arithmetic =
    [
        ("scale_attn_weights", true),
        ("scale_attn_by_inverse_layer_idx", false),
        ("add_cross_attention", false),
    ];

    private static readonly HashSet<string> s_known =
    [
        "model_type", "architectures", "vocab_size", "n_positions", "n_ctx", "n_embd", "n_layer", "n_head", "n_inner", "activation_function",
        "layer_norm_epsilon", "embd_pdrop", "attn_pdrop", "resid_pdrop", "initializer_range", "tie_word_embeddings", "bos_token_id",
        "eos_token_id", PositionsKey,
    ];

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="FileFormatException">
    /// It is no GPT-2 configuration, a value has the wrong type or breaks a rule of <see cref="GptConfig.Validate"/>, or it asks for
    /// arithmetic that is not supported.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GptConfig Read(string path) => Read(path, out _);

    /// <summary>Reads a configuration and the keys that mean nothing here, to be written back with it.</summary>
    /// <inheritdoc cref="Read(string)"/>
    public static GptConfig Read(string path, out JsonObject extraKeys)
    {
        (GptConfig config, extraKeys) = JsonFile.Read(path, root => Parse(path, new JsonFields(path, root)));
        return config;
    }

    /// <summary>Writes a configuration, and after it the extra keys of the file that it was read from.</summary>
    /// <exception cref="ArgumentException">The configuration breaks a rule of <see cref="GptConfig.Validate"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, GptConfig config, JsonObject? extraKeys = null) =>
        JsonFile.Write(path, ToJson(config, extraKeys));

    /// <summary>The content of the file.</summary>
    internal static JsonObject ToJson(GptConfig config, JsonObject? extraKeys)
    {
        config.Validate();
        JsonObject json = new()
        {
            ["model_type"] = "gpt2",
            ["architectures"] = new JsonArray("GPT2LMHeadModel"),
            ["vocab_size"] = config.VocabularySize,
            ["n_positions"] = config.Context,
            ["n_ctx"] = config.Context,
            ["n_embd"] = config.Width,
            ["n_layer"] = config.Layers,
            ["n_head"] = config.Heads,
            ["n_inner"] = config.FeedForwardWidth == 4 * config.Width ? null : config.FeedForwardWidth,
            ["activation_function"] = OptionNames.Of(config.Activation),
            ["layer_norm_epsilon"] = config.LayerNormEpsilon,
            ["embd_pdrop"] = config.Dropout,
            ["attn_pdrop"] = config.Dropout,
            ["resid_pdrop"] = config.Dropout,
            ["initializer_range"] = config.InitializerRange,
            ["tie_word_embeddings"] = config.TiedHead,
            ["bos_token_id"] = config.BeginOfTextId,
            ["eos_token_id"] = config.EndOfTextId,
        };
        if (config.Positions != PositionKind.Learned)
            json[PositionsKey] = OptionNames.Of(config.Positions);
        foreach ((string key, JsonNode? value) in extraKeys ?? [])
            json[key] = value?.DeepClone();
        return json;
    }

    private static (GptConfig, JsonObject) Parse(string path, JsonFields fields)
    {
        if (fields.Text("model_type") is var type and not "gpt2")
            throw new FileFormatException(path, $"model_type \"{type}\" found, \"gpt2\" expected");
        foreach ((string key, bool supported) in s_arithmetic)
        {
            if (fields.Flag(key, supported) != supported)
                throw new FileFormatException(path, $"{key} is {Written(!supported)}, only {Written(supported)} is supported");
        }
        GptConfig config = new()
        {
            VocabularySize = fields.Integer("vocab_size"),
            Context = fields.Integer("n_positions"),
            Width = fields.Integer("n_embd"),
            Layers = fields.Integer("n_layer"),
            Heads = fields.Integer("n_head"),
            FeedForwardWidth = fields.OptionalInteger("n_inner") ?? 0,
            Activation = fields.Choice("activation_function", Activation.GeluTanh),
            Positions = fields.Choice(PositionsKey, PositionKind.Learned),
            Dropout = fields.Number("resid_pdrop", 0.1),
            LayerNormEpsilon = fields.Number("layer_norm_epsilon", 1e-5),
            InitializerRange = fields.Number("initializer_range", 0.02),
            TiedHead = fields.Flag("tie_word_embeddings", true),
            BeginOfTextId = fields.OptionalInteger("bos_token_id"),
            EndOfTextId = fields.OptionalInteger("eos_token_id"),
        };
        if (fields.OptionalInteger("n_ctx") is int context && context != config.Context)
            throw new FileFormatException(path, $"n_ctx is {context} and n_positions {config.Context}, the same number twice expected");
        ModelFile.Checked(path, config);

        JsonObject extra = fields.Except(s_known);
        foreach (string key in (string[])["embd_pdrop", "attn_pdrop"])
        {
            if (fields.Number(key, 0.1) is var rate && rate != config.Dropout)
                extra[key] = rate;
        }
        return (config, extra);
    }

    private static string Written(bool value) => value ? "true" : "false";
}
