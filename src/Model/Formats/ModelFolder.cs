using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;

namespace MiniGpt.Model.Formats;

/// <summary>A model that was read from a folder.</summary>
/// <param name="Path">The folder.</param>
/// <param name="Gpt">The model.</param>
/// <param name="Tokenizer">Its tokenizer, where the folder has one.</param>
/// <param name="ExtraKeys">The keys of config.json that mean nothing here, to be written back.</param>
public sealed record LoadedModel<T>(string Path, Gpt<T> Gpt, ITokenizer? Tokenizer, JsonObject ExtraKeys)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>;

/// <summary>A model as a folder: config.json, model.safetensors and, for text, tokenizer.json, as Hugging Face writes them.</summary>
public static class ModelFolder
{
    internal const string ConfigFile = "config.json";
    internal const string WeightsFile = "model.safetensors";
    internal const string TokenizerFile = "tokenizer.json";
    internal const string TrainingFile = "training.json";

    /// <summary>Whether a folder holds what <see cref="Load"/> needs.</summary>
    public static bool Exists(string path) =>
        File.Exists(Path.Combine(path, ConfigFile)) && File.Exists(Path.Combine(path, WeightsFile));

    /// <summary>Reads a model.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="unknown">What its tokenizer does with characters that it does not know.</param>
    /// <exception cref="FileFormatException">There is no model, or one of its files does not fit: one line says what.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoadedModel<T> Load<T>(string path, UnknownCharacter unknown = UnknownCharacter.Error)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!Directory.Exists(path))
            throw Missing(path, File.Exists(path) ? "a file found" : "no such folder");
        RunFolder.FinishInterruptedSave(path);
        foreach (string name in (string[])[ConfigFile, WeightsFile])
        {
            if (!File.Exists(Path.Combine(path, name)))
                throw Missing(path, $"no {name} found");
        }

        GptConfig config = ConfigJson.Read(Path.Combine(path, ConfigFile), out JsonObject extraKeys);
        ITokenizer? tokenizer = LoadTokenizer(path, config, unknown);
        using SafetensorsReader reader = SafetensorsReader.Open(Path.Combine(path, WeightsFile));
        return new LoadedModel<T>(path, GptWeights.Read<T>(reader, config), tokenizer, extraKeys);
    }

    /// <summary>Writes a model, over the one that is in the folder.</summary>
    /// <exception cref="ArgumentException">The tokenizer cannot be written, or has more tokens than the model.</exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Save<T>(string path, Gpt<T> gpt, ITokenizer? tokenizer = null, JsonObject? extraKeys = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Directory.CreateDirectory(path);
        using StagedFiles files = new(path);
        Stage(files, gpt, tokenizer, extraKeys);
        // Weights are renamed last. Until then the folder is no model, rather than a mixture of two.
        File.Delete(Path.Combine(path, WeightsFile));
        if (tokenizer is null)
            File.Delete(Path.Combine(path, TokenizerFile));
        files.Commit();
    }

    /// <summary>The folder under <paramref name="runs"/> whose model was trained or written last; null where there is none.</summary>
    public static string? FindNewest(string runs = "runs") => !Directory.Exists(runs)
        ? null
        : Directory.EnumerateDirectories(runs).Where(Exists).OrderBy(WrittenAt).ThenBy(path => path, StringComparer.Ordinal).LastOrDefault();

    /// <summary>Writes the files of a model beside their final names, the weights last.</summary>
    internal static void Stage<T>(StagedFiles files, Gpt<T> gpt, ITokenizer? tokenizer, JsonObject? extraKeys)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (tokenizer is not null)
        {
            Require.That(tokenizer.VocabularySize <= gpt.Config.VocabularySize,
                $"a tokenizer of {tokenizer.VocabularySize} tokens does not go with a model of {gpt.Config.VocabularySize}");
            files.Add(TokenizerFile, stream => JsonFile.Write(stream, TokenizerJson.ToJson(tokenizer)));
        }
        files.Add(ConfigFile, stream => JsonFile.Write(stream, ConfigJson.ToJson(gpt.Config, extraKeys)));
        files.Add(WeightsFile, stream => GptWeights.Write(stream, gpt));
    }

    private static ITokenizer? LoadTokenizer(string path, GptConfig config, UnknownCharacter unknown)
    {
        string file = Path.Combine(path, TokenizerFile);
        if (!File.Exists(file))
            return null;
        ITokenizer tokenizer = TokenizerJson.Read(file, unknown);
        return tokenizer.VocabularySize <= config.VocabularySize
            ? tokenizer
            : throw new FileFormatException(file,
                $"{tokenizer.VocabularySize} tokens found, at most the {config.VocabularySize} of the model's vocabulary expected");
    }

    private static DateTime WrittenAt(string path) =>
        new[] { TrainingFile, ConfigFile }.Max(name => File.GetLastWriteTimeUtc(Path.Combine(path, name)));

    private static FileFormatException Missing(string path, string found) =>
        new(path, $"{found}, a model folder with {ConfigFile} and {WeightsFile} expected");
}
