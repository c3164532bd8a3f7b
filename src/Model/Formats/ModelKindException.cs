using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats;

/// <summary>A model is of another kind than what was asked of it needs.</summary>
/// <param name="path">The folder or file of the model.</param>
/// <param name="found">What it is.</param>
/// <param name="wanted">What is needed.</param>
public sealed class ModelKindException(string path, ModelKind found, ModelKind wanted)
    : ArgumentException($"{path}: {Say(found)} found, {Say(wanted)} expected")
{
    /// <summary>What the model is.</summary>
    public ModelKind Found => found;

    /// <summary>What is needed.</summary>
    public ModelKind Wanted => wanted;

    /// <summary>A kind in words.</summary>
    internal static string Say(ModelKind kind) => kind switch
    {
        ModelKind.Encoder => "a model that reads in both directions (an encoder)",
        ModelKind.Translator => "a model that translates (an encoder and a decoder)",
        _ => "a model that goes on with a text (a decoder)",
    };
}
