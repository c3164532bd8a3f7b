using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Families;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Formats;

/// <summary>What became of a model in another form.</summary>
/// <param name="From">The form that it had.</param>
/// <param name="To">The form that it has.</param>
/// <param name="Parameters">How many numbers training can change.</param>
/// <param name="Dropped">What the new form has no room for, a line each.</param>
/// <param name="Misread">What other programs do otherwise, because the new form has no key for it or they do not look for ours, a line each.</param>
public sealed record ModelConversion(
    ModelFormat From, ModelFormat To, long Parameters, IReadOnlyList<string> Dropped, IReadOnlyList<string> Misread)
{
    private static readonly TransformerConfig s_defaults = Gpt2.Config(vocabularySize: 1, context: 1, layers: 1, heads: 1, width: 1);

    /// <summary>Writes a model in another form.</summary>
    /// <param name="from">A model folder, a GGUF or an llm.c file.</param>
    /// <param name="to">The folder or file; its ending decides on the form.</param>
    /// <param name="type">How matrices are stored, one of <see cref="ModelFile.TypesOf"/>.</param>
    /// <param name="overwrite">Whether what has this name already may be replaced.</param>
    /// <param name="tokenizer">The tokenizer of a model whose file has none.</param>
    /// <param name="progress">Is told how far the reading is, and then the writing.</param>
    /// <exception cref="FileFormatException">The model cannot be read.</exception>
    /// <exception cref="ArgumentException">
    /// The new form cannot hold the model, something has its name already, or a tokenizer is given that is not the model's.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static ModelConversion Run(
        string from, string to, StoredType type = StoredType.F32, bool overwrite = false, ITokenizer? tokenizer = null,
        IProgress<DataProgress>? progress = null)
    {
        CheckTarget(to, overwrite);
        using ModelFile source = ModelFile.Open(from);
        source.Progress = progress;
        if (tokenizer is not null)
        {
            Require.That(source.Tokenizer is null, $"{from} has a tokenizer of its own");
            Require.That(tokenizer.VocabularySize <= source.Config.VocabularySize,
                $"a tokenizer of {tokenizer.VocabularySize} tokens given, at most the {source.Config.VocabularySize} of {from} expected");
        }
        // Floats hold whatever is stored in fewer bits; doubles are kept where they are asked for.
        return type == StoredType.F64 ? Run<double>(source, to, type, tokenizer) : Run<float>(source, to, type, tokenizer);
    }

    private static ModelConversion Run<T>(ModelFile source, string to, StoredType type, ITokenizer? tokenizer)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LoadedModel<T> model = source.Load<T>();
        tokenizer ??= model.Tokenizer;
        ModelFormat format = ModelFile.FormatOf(to, source.Config);
        string[] dropped = [.. WhatIsDropped(source, tokenizer, format, type)]; // before there is a new file, which could lie in the old folder
        ModelFile.Save(to, model.Any, tokenizer, model.ExtraKeys, type, tokenizer == model.Tokenizer ? model.SourceTokenizer : null, source.Progress);
        return new ModelConversion(source.Format, format, new ModelShape(source.Config).TrainedCount, dropped, [.. WhatIsMisread(source.Config, tokenizer, format)]);
    }

    private static void CheckTarget(string to, bool overwrite)
    {
        Require.That(!File.Exists(Path.Combine(to, ModelFiles.Training)), $"{to} holds a training run, a new folder expected");
        string? folder = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(to)));
        Require.That(folder is null || Directory.Exists(folder), $"{to}: there is no folder {folder} to write it into");
        bool isThere = ModelFile.FormatOf(to) == ModelFormat.HuggingFace ? File.Exists(to) || ModelFolder.Exists(to) : Path.Exists(to);
        if (isThere && !overwrite)
            throw new OccupiedException(to, "is there", hasModel: false);
    }

    private static IEnumerable<string> WhatIsDropped(ModelFile source, ITokenizer? tokenizer, ModelFormat to, StoredType type)
    {
        if (type != StoredType.F64 && source.Tensors.Any(tensor => tensor.Type == StoredType.F64))
            yield return $"the digits of F64 numbers that {type} has no room for";
        foreach (StoredTensor tensor in source.IgnoredTensors)
            yield return $"the tensor {tensor.Name}, which is no parameter";
        foreach (string file in OtherFiles(source))
            yield return $"the file {file}";
        foreach ((string key, JsonNode? value) in source.Metadata)
        {
            if (!source.IsUnderstood(key))
                yield return $"the metadata {key} = {Short(value)}";
        }
        if (to == ModelFormat.HuggingFace)
            yield break;

        foreach ((string key, JsonNode? value) in source.ExtraKeys)
            yield return $"the configuration's {key} = {Short(value)}";
        if (source.Config.Dropout != s_defaults.Dropout)
            yield return $"the dropout of {source.Config.Dropout}";
        if (source.Config.InitializerRange != s_defaults.InitializerRange)
            yield return $"the initializer range of {source.Config.InitializerRange}";
        if (to is not (ModelFormat.LlmC or ModelFormat.Llama2C))
            yield break;

        if (source.Config.Positions.Kind == PositionKind.Sinusoidal)
            yield return "that the positions are sinusoidal: they are written as if they were learned";
        foreach ((string name, int? id) in ((string, int?)[])
            [("begin-of-text", source.Config.BeginOfTextId), ("end-of-text", source.Config.EndOfTextId)])
        {
            if (id is not null)
                yield return $"the {name} id {id}";
        }
        if (tokenizer is not null)
            yield return $"the tokenizer of {tokenizer.VocabularySize} tokens";
    }

    private static IEnumerable<string> WhatIsMisread(TransformerConfig config, ITokenizer? tokenizer, ModelFormat to)
    {
        bool isGpt2 = FamilyFormat.Of(config) is Gpt2Format;
        if (to == ModelFormat.Gguf && isGpt2 && config.FeedForward.Activation != Activation.GeluTanh)
        {
            yield return $"other programs compute {OptionNames.Of(Activation.GeluTanh)} where this model has {OptionNames.Of(config.FeedForward.Activation)}: "
                + "GGUF has no key for the activation of a GPT-2, and they do not look for ours";
        }
        if (to == ModelFormat.Gguf && tokenizer is { EndOfTextId: null } && config.EndOfTextId is null)
        {
            string token = GgufTokenizer.AssumedEnd < tokenizer.VocabularySize ? tokenizer.TokenText(GgufTokenizer.AssumedEnd) : "";
            string named = token.Length > 0 && !token.Any(char.IsControl) ? $" (here '{token}')" : "";
            yield return $"this model has no end-of-text token: llama.cpp takes token {GgufTokenizer.AssumedEnd}{named} for one and ends a text with it";
        }
        if (to == ModelFormat.Gguf && tokenizer is UnigramTokenizer { HasAllBytes: true })
            yield return "llama.cpp takes what no piece of this vocabulary has for the unknown token, where this tokenizer has a token a byte";
        if (isGpt2 && to != ModelFormat.LlmC && config.Positions.Kind == PositionKind.Sinusoidal)
            yield return "other programs take the sinusoidal positions for learned ones: they compute the same, and change them when they train";
    }

    private static IEnumerable<string> OtherFiles(ModelFile source) => source.Format != ModelFormat.HuggingFace
        ? []
        : Directory.EnumerateFiles(source.Path).Select(file => Path.GetFileName(file))
            .Where(file => !ModelFolder.IsRead(file)).Except(source.TensorFiles).Order(StringComparer.Ordinal);

    private static string Short(JsonNode? value)
    {
        const int longest = 60;
        string text = value?.ToJsonString() ?? "null";
        return text.Length <= longest ? text : $"{text.AsSpan(0, longest)}…";
    }
}
