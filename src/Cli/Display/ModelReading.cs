using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Display;

/// <summary>Reads models, which takes long where they are large, and shows how far that is.</summary>
internal static class ModelReading
{
    /// <inheritdoc cref="ModelFile.Load{T}(string, UnknownCharacter, IProgress{Model.Data.DataProgress})"/>
    public static LoadedModel<float> Load(string path, UnknownCharacter unknown = UnknownCharacter.Error)
    {
        using ModelFile file = ModelFile.Open(path, unknown);
        return Load(file);
    }

    /// <summary>All of a model.</summary>
    public static LoadedModel<float> Load(ModelFile file) => Load<float>(file);

    /// <summary>All of a model, in a precision.</summary>
    public static LoadedModel<T> Load<T>(ModelFile file)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Shown(file, file.Load<T>);

    /// <summary>A model as generation reads it.</summary>
    public static LanguageModel<float> LoadForReading(ModelFile file) => Shown(file, file.LoadAnyForReading);

    private static TModel Shown<TModel>(ModelFile file, Func<TModel> load) => WorkDisplay.Run("reading the model", progress =>
    {
        file.Progress = progress;
        return load();
    });
}
