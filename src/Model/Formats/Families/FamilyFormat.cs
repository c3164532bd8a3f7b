using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>
/// How files write the configuration and the parameters of one family of models: its keys and its maps. A new family is one of these, and
/// a line in <see cref="All"/>; containers such as safetensors and GGUF know nothing of it.
/// </summary>
internal abstract class FamilyFormat
{
    /// <summary>All families. The last one holds whatever the others do not.</summary>
    public static IReadOnlyList<FamilyFormat> All { get; } =
        [new Gpt2Format(), new LlamaFormat(), new Qwen2Format(), new Qwen3Format(), new Phi3Format(), new GemmaFormat(), new BertFormat(), new MarianFormat(), new OwnFormat()];

    /// <summary>The values of model_type that this family has, the usual one first.</summary>
    public abstract IReadOnlyList<string> ModelTypes { get; }

    /// <summary>The keys of config.json that are understood.</summary>
    public abstract IReadOnlySet<string> Keys { get; }

    /// <summary>The names of tensors in Hugging Face's folders.</summary>
    public abstract TensorMap HuggingFace { get; }

    /// <summary>The names of tensors in Hugging Face's folders, of a model of this family.</summary>
    public virtual TensorMap MapOf(TransformerConfig config) => HuggingFace;

    /// <summary>The names of tensors in GGUF files; null where the family has no GGUF form.</summary>
    public virtual TensorMap? Gguf => null;

    /// <summary>The keys of GGUF, after the name of the architecture, that are understood.</summary>
    public virtual IReadOnlyList<string> GgufKeys => [];

    /// <summary>The family whose files have a model_type, or a general.architecture; null where there is none.</summary>
    public static FamilyFormat? Find(string modelType) => All.FirstOrDefault(family => family.ModelTypes.Contains(modelType));

    /// <summary>The family in whose files a model of this configuration is kept: its own, or the first that holds it.</summary>
    public static FamilyFormat Of(TransformerConfig config) => config.Recurrence is not null ? All[^1] :
        Find(config.Architecture) is { } own && own.ReasonAgainst(config) is null ? own : All.First(family => family.ReasonAgainst(config) is null);

    /// <summary>Why this family's files cannot hold a model; null where they can.</summary>
    public abstract string? ReasonAgainst(TransformerConfig config);

    /// <summary>Why GGUF files cannot hold a model of this family; null where they can.</summary>
    public virtual string? ReasonAgainstGguf(TransformerConfig config) =>
        Gguf is null ? $"a model of the kind '{ModelTypes[0]}', which GGUF does not know" : null;

    /// <summary>The model_type that is written for a configuration.</summary>
    public string ModelTypeOf(TransformerConfig config) => ModelTypes.Contains(config.Architecture) ? config.Architecture : ModelTypes[0];

    /// <summary>Reads config.json.</summary>
    /// <param name="fields">The file.</param>
    /// <param name="modelType">Its model_type.</param>
    /// <param name="extra">Gets keys of the family that are kept and not used.</param>
    /// <exception cref="FileFormatException">A value has the wrong type, or asks for arithmetic that is not supported.</exception>
    public abstract TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra);

    /// <summary>Writes config.json, but for model_type.</summary>
    public abstract void WriteConfig(TransformerConfig config, JsonObject json);

    /// <summary>Reads the keys of a GGUF file.</summary>
    /// <exception cref="FileFormatException">A key is missing or has the wrong type, or asks for arithmetic that is not supported.</exception>
    public virtual TransformerConfig ReadGguf(GgufSizes sizes) => throw new NotSupportedException($"{ModelTypes[0]} has no GGUF form.");

    /// <summary>Writes the keys of a GGUF file that <see cref="GgufSizes"/> has not written.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="writer">The file.</param>
    /// <param name="prefix">What the keys begin with, point included.</param>
    public virtual void WriteGguf(TransformerConfig config, GgufWriter writer, string prefix) => throw new NotSupportedException($"{ModelTypes[0]} has no GGUF form.");

    /// <summary>Why files of plain decoders cannot hold a model; null where they can.</summary>
    protected static string? ReasonAgainstPlain(TransformerConfig config) => config switch
    {
        { Kind: not ModelKind.Decoder } => "attention that sees forward, or to a source",
        not { Segments: 0, NormsEmbedding: false, TransformsHead: false, HeadBias: HeadBias.None } => "an embedding or a head of another kind",
        { EmbeddingScale: not 1 } => "a scale of the embedding",
        _ => null,
    };

    /// <summary>Reads the activation of config.json under any of its names.</summary>
    protected static Activation ReadActivation(JsonFields fields, string key, Activation missing)
    {
        string? name = fields.OptionalText(key);
        return name is null ? missing : ActivationNames.TryParse(name, out Activation activation)
            ? activation
            : throw fields.Wrong(key, $"{string.Join(" or ", OptionNames.All<Activation>())}");
    }

    /// <summary>Throws where a key that changes the arithmetic has another value than the one that is supported.</summary>
    protected static void RequireFlags(JsonFields fields, params ReadOnlySpan<(string Key, bool Supported)> flags)
    {
        foreach ((string key, bool supported) in flags)
        {
            if (fields.Flag(key, supported) != supported)
                throw fields.NotSupported(key, supported ? "true" : "false");
        }
    }
}
