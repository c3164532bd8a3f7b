using System.Text;
using System.Text.Json;
using MiniGpt.Model.Files;

namespace MiniGpt.Model.Formats;

/// <summary>How a conversation is written down for a model, as its file says it: a program in Jinja.</summary>
public static class ChatTemplateFile
{
    private const string TemplateFile = "chat_template.jinja";
    private const string TokenizerConfig = "tokenizer_config.json";
    private const string FolderKey = "chat_template";
    private const string GgufKey = "tokenizer.chat_template";
    private const int LongestFile = 1 << 20;

    /// <summary>The template of a model: of a folder chat_template.jinja or what tokenizer_config.json has, of a GGUF file its key.</summary>
    /// <returns>The program; null where there is none.</returns>
    /// <exception cref="FileFormatException">tokenizer_config.json is no JSON.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static string? Find(ModelFile model)
    {
        if (model.Format == ModelFormat.Gguf)
            return model.Metadata.TryGetPropertyValue(GgufKey, out var value) && value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;
        if (model.Format != ModelFormat.HuggingFace)
            return null;
        string template = Path.Combine(model.Path, TemplateFile), config = Path.Combine(model.Path, TokenizerConfig);
        return File.Exists(template) ? Encoding.UTF8.GetString(RegularFile.ReadAll(template, LongestFile, "a chat template"))
            : File.Exists(config) ? JsonFile.Read(config, Find)
            : null;
    }

    /// <summary>One template, or several with names, of which the default one counts.</summary>
    private static string? Find(JsonElement config)
    {
        if (!config.TryGetProperty(FolderKey, out JsonElement template))
            return null;
        if (template.ValueKind == JsonValueKind.String)
            return template.GetString();
        if (template.ValueKind != JsonValueKind.Array)
            return null;
        foreach (JsonElement named in template.EnumerateArray())
        {
            if (named.ValueKind == JsonValueKind.Object && named.TryGetProperty("name", out JsonElement name)
                && name.ValueKind == JsonValueKind.String && name.ValueEquals("default")
                && named.TryGetProperty("template", out JsonElement text) && text.ValueKind == JsonValueKind.String)
            {
                return text.GetString();
            }
        }

        return null;
    }
}
