using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats;

/// <summary>
/// config.json, the configuration of a folder in Hugging Face's layout. Its model_type decides what the other keys mean; those that are left
/// out have Hugging Face's defaults.
/// </summary>
public static class ConfigJson
{
    private const string TypeKey = "model_type";
    private const string BeginKey = "bos_token_id";
    private const string EndKey = "eos_token_id";

    private static readonly HashSet<string> s_common = [TypeKey, "architectures", BeginKey, EndKey];

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="FileFormatException">
    /// The model_type is none of those that are known, a value has the wrong type or breaks a rule of <see cref="TransformerConfig.Validate"/>,
    /// or it asks for arithmetic that is not supported.
    /// </exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TransformerConfig Read(string path) => Read(path, out _);

    /// <summary>Reads a configuration and the keys that mean nothing here, to be written back with it.</summary>
    /// <inheritdoc cref="Read(string)"/>
    public static TransformerConfig Read(string path, out JsonObject extraKeys)
    {
        (TransformerConfig config, extraKeys) = JsonFile.Read(path, root => Parse(path, new JsonFields(path, root)));
        return config;
    }

    /// <summary>Writes a configuration, and after it the extra keys of the file that it was read from.</summary>
    /// <exception cref="ArgumentException">The configuration breaks a rule of <see cref="TransformerConfig.Validate"/>.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, TransformerConfig config, JsonObject? extraKeys = null) =>
        JsonFile.Write(path, ToJson(config, extraKeys));

    /// <summary>The content of the file.</summary>
    internal static JsonObject ToJson(TransformerConfig config, JsonObject? extraKeys = null)
    {
        config.Validate();
        FamilyFormat family = FamilyFormat.Of(config);
        JsonObject json = new() { [TypeKey] = family.ModelTypeOf(config) };
        family.WriteConfig(config, json);
        foreach ((string key, JsonNode? value) in extraKeys ?? [])
            json[key] = value?.DeepClone();
        return json;
    }

    private static (TransformerConfig, JsonObject) Parse(string path, JsonFields fields)
    {
        string type = fields.Text(TypeKey);
        if (FamilyFormat.Find(type) is not { } family)
        {
            string known = string.Join(", ", FamilyFormat.All.SelectMany(format => format.ModelTypes).Select(name => $"\"{name}\""));
            throw new FileFormatException(path, $"model_type \"{type}\" found, one of {known} expected");
        }

        JsonObject extra = fields.Except(new HashSet<string>([.. s_common, .. family.Keys]));
        int[] ends = [.. fields.OneOrMoreIntegers(EndKey)];
        if (ends.Length > 1)
            extra[EndKey] = new JsonArray([.. ends.Select(id => (JsonNode)id)]); // all of them are written back, the first one ends texts
        TransformerConfig config = family.ReadConfig(fields, type, extra);
        config = config with
        {
            BeginOfTextId = fields.OneOrMoreIntegers(BeginKey) is [int begin, ..] && config.Kind != ModelKind.Translator ? begin : config.BeginOfTextId,
            EndOfTextId = ends.Length > 0 ? ends[0] : null,
        };
        return (ModelFile.Checked(path, config), extra);
    }
}
