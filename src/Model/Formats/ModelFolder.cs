using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>A model as a folder: config.json, model.safetensors and, for text, tokenizer.json, as Hugging Face writes them.</summary>
public static class ModelFolder
{
    // Of these another tokenizer than the one that is written may have been in a folder.
    private static readonly string[] s_ofTranslators =
        [ModelFiles.Tokenizer, ModelFiles.SourceTokenizer, ModelFiles.SourcePieces, ModelFiles.TargetPieces, ModelFiles.TargetVocabulary];

    /// <summary>Whether a folder holds what <see cref="Load"/> needs.</summary>
    public static bool Exists(string path) => File.Exists(Path.Combine(path, ModelFiles.Config))
        && (File.Exists(Path.Combine(path, ModelFiles.Weights)) || File.Exists(Path.Combine(path, ModelFiles.Index)));

    /// <summary>Reads a model.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="unknown">What its tokenizer does with characters that it does not know.</param>
    /// <exception cref="FileFormatException">There is no model, or one of its files does not fit: one line says what.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static LoadedModel<T> Load<T>(string path, UnknownCharacter unknown = UnknownCharacter.Error)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ModelFile file = Open(path, unknown);
        return file.Load<T>();
    }

    /// <summary>Opens a model: its configuration, its tokenizer, and its weights in one file or in several with an index.</summary>
    /// <inheritdoc cref="Load"/>
    internal static ModelFile Open(string path, UnknownCharacter unknown)
    {
        if (!Directory.Exists(path))
            throw Missing(path, File.Exists(path) ? "a file found" : "no such folder");
        FolderReplacement.Finish(path);
        CheckpointFiles.FinishInterruptedSave(path);
        string configFile = Path.Combine(path, ModelFiles.Config), weights = Path.Combine(path, ModelFiles.Weights), index = Path.Combine(path, ModelFiles.Index);
        if (!File.Exists(configFile))
            throw Missing(path, $"no {ModelFiles.Config} found");
        if (!File.Exists(weights) && !File.Exists(index))
            throw Missing(path, $"no {ModelFiles.Weights} found");

        TransformerConfig config = ConfigJson.Read(configFile, out JsonObject extraKeys);
        ITokenizer? tokenizer = TokenizerFolder.Find(path, unknown);
        ITokenizer? source = config.Kind == ModelKind.Translator ? SourceTokenizer(path, config, tokenizer, unknown) : null;
        JsonObject metadata = [];
        TensorSource tensors;
        if (File.Exists(weights))
        {
            SafetensorsReader reader = SafetensorsReader.Open(weights);
            foreach ((string key, string value) in reader.Metadata)
                metadata[key] = value;
            tensors = reader;
        }
        else
            tensors = SafetensorsShards.Open(index);
        return new ModelFile(path, ModelFormat.HuggingFace, config, tensors, FamilyFormat.Of(config).MapOf(config))
        {
            Tokenizer = tokenizer,
            SourceTokenizer = source,
            ExtraKeys = extraKeys,
            Metadata = metadata,
            IsUnderstood = key => key == SafetensorsWriter.FormatKey,
        };
    }

    /// <summary>Writes a model, over the one that is in the folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer, if it has one.</param>
    /// <param name="extraKeys">Keys of the config.json that it was read from.</param>
    /// <param name="type">F64, F32, F16 or BF16; left out, F32 from floats and F64 from doubles.</param>
    /// <param name="sourceTokenizer">The tokenizer of the texts that a translator reads, where it is another.</param>
    /// <param name="progress">Is told how far the writing of weights is.</param>
    /// <exception cref="ArgumentException">
    /// The tokenizer cannot be written or has more tokens than the model, or a number is too large for the type.
    /// </exception>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public static void Save<T>(
        string path, LanguageModel<T> model, ITokenizer? tokenizer = null, JsonObject? extraKeys = null, StoredType? type = null,
        ITokenizer? sourceTokenizer = null, IProgress<DataProgress>? progress = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Directory.CreateDirectory(path);
        FolderReplacement.Finish(path);
        using StagedFiles files = new(path);
        Stage(files, model, tokenizer, extraKeys, type, sourceTokenizer, progress);
        files.Replace(tokenizer is null ? [ModelFiles.Index, .. ModelFiles.TokenizerParts]
            : [ModelFiles.Index, .. s_ofTranslators]);
    }

    /// <summary>The folder under <paramref name="runs"/> whose model was trained or written last; null where there is none.</summary>
    public static string? FindNewest(string runs = "runs") => !Directory.Exists(runs)
        ? null
        : Directory.EnumerateDirectories(runs).Where(Exists).OrderBy(WrittenAt).ThenBy(path => path, StringComparer.Ordinal).LastOrDefault();

    /// <summary>Whether a file beside the weights of a model folder is part of the model that is read from it, or says nothing.</summary>
    internal static bool IsRead(string file) => file is ModelFiles.Config or RunLock.LockFile || ModelFiles.TokenizerParts.Contains(file);

    /// <summary>Writes the files of a model beside their final names, the weights last.</summary>
    internal static void Stage<T>(
        StagedFiles files, LanguageModel<T> model, ITokenizer? tokenizer, JsonObject? extraKeys, StoredType? type = null, ITokenizer? sourceTokenizer = null,
        IProgress<DataProgress>? progress = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (tokenizer is not null)
        {
            Require.That(tokenizer.VocabularySize <= model.Config.VocabularySize,
                $"a tokenizer of {tokenizer.VocabularySize} tokens does not go with a model of {model.Config.VocabularySize}");
            if (tokenizer is MarianTokenizer)
                MarianFolder.Stage(files, tokenizer, sourceTokenizer);
            else
                files.Add(ModelFiles.Tokenizer, stream => JsonFile.Write(stream, TokenizerJson.ToJson(tokenizer)));
        }
        if (tokenizer is not null && IsApart(tokenizer, sourceTokenizer))
        {
            RequireSource(model.Config, sourceTokenizer!);
            if (tokenizer is not MarianTokenizer)
                files.Add(ModelFiles.SourceTokenizer, stream => JsonFile.Write(stream, TokenizerJson.ToJson(sourceTokenizer!)));
        }
        files.Add(ModelFiles.Config, stream => JsonFile.Write(stream, ConfigJson.ToJson(model.Config, extraKeys)));
        files.Add(ModelFiles.Weights, stream => ModelWeights.Write(CountedStream.Of(stream, model, type ?? StoredType.F32, progress), model, type));
    }

    private static bool IsApart(ITokenizer tokenizer, ITokenizer? source) => source is not null && !ReferenceEquals(source, tokenizer);

    /// <summary>The tokenizer of the texts that a translator reads; null where it is that of those that it writes.</summary>
    private static ITokenizer? SourceTokenizer(string path, TransformerConfig config, ITokenizer? tokenizer, UnknownCharacter unknown)
    {
        ITokenizer? source = TokenizerFolder.FindSource(path, unknown);
        if (source is null && tokenizer is not null && config.Source is { VocabularySize: > 0 })
            throw new FileFormatException(path, $"no {ModelFiles.SourceTokenizer} found, one beside {ModelFiles.Tokenizer} expected of a model each of whose languages has its own tokens");
        if (source is not null)
            JsonFile.Refusing(Path.Combine(path, source is MarianTokenizer ? ModelFiles.Vocabulary : ModelFiles.SourceTokenizer), () => RequireSource(config, source));
        return source;
    }

    private static ITokenizer RequireSource(TransformerConfig config, ITokenizer source)
    {
        Require.That(config.Kind == ModelKind.Translator, $"a tokenizer of the texts that are read goes with a model that translates alone");
        int size = config.ToSource().VocabularySize;
        Require.That(source.VocabularySize <= size, $"a tokenizer of {source.VocabularySize} tokens does not go with a model that reads {size}");
        return source;
    }

    private static DateTime WrittenAt(string path) =>
        new[] { ModelFiles.Training, ModelFiles.Config }.Max(name => File.GetLastWriteTimeUtc(Path.Combine(path, name)));

    private static FileFormatException Missing(string path, string found) =>
        new(path, $"{found}, a model folder with {ModelFiles.Config} and {ModelFiles.Weights} expected");
}
