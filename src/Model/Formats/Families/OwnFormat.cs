using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using MiniGpt.Model.Files;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>
/// Folders for what no known family holds, such as a GPT-2 with RMS norms: the configuration as it is, and the parameters under their own
/// names. No other program knows them.
/// </summary>
internal sealed class OwnFormat : FamilyFormat
{
    private const string ConfigKey = "transformer";

    public override IReadOnlyList<string> ModelTypes { get; } = ["minigpt"];

    public override IReadOnlySet<string> Keys { get; } = new HashSet<string> { ConfigKey };

    public override TensorMap HuggingFace => TensorMap.Own;

    public override string? ReasonAgainst(TransformerConfig config) => null;

    public override TransformerConfig ReadConfig(JsonFields fields, string modelType, JsonObject extra)
    {
        try
        {
            return fields.Object(ConfigKey).Deserialize(OwnFormatJson.Default.TransformerConfig)!;
        }
        catch (JsonException error)
        {
            throw fields.Wrong(ConfigKey, $"a configuration ({error.Message})");
        }
    }

    public override void WriteConfig(TransformerConfig config, JsonObject json)
    {
        json["architectures"] = new JsonArray("MiniGpt");
        json[ConfigKey] = JsonSerializer.SerializeToNode(config, OwnFormatJson.Default.TransformerConfig);
        json["bos_token_id"] = config.BeginOfTextId;
        json["eos_token_id"] = config.EndOfTextId;
    }
}

/// <summary>How a configuration is written: snake_case names, choices by their names, and nothing unknown is passed over.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(TransformerConfig))]
internal sealed partial class OwnFormatJson : JsonSerializerContext;
