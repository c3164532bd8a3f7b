using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>GPT-2 (Radford et al. 2019): learned positions, layer norms, GELU, a bias everywhere, and the embedding as head.</summary>
public static class Gpt2
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("gpt2", Config);

    /// <summary>The configuration of a GPT-2 of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes) => new()
    {
        Architecture = "gpt2",
        VocabularySize = sizes.VocabularySize,
        Context = sizes.Context,
        Layers = sizes.Layers,
        Width = sizes.Width,
        Attention = new() { Heads = sizes.Heads, KeyHeads = sizes.KeyHeads, HeadSize = sizes.HeadSize },
        FeedForward = new() { Width = sizes.FeedForwardWidth },
    };

    /// <summary>The configuration of a GPT-2 of some sizes.</summary>
    public static TransformerConfig Config(int vocabularySize, int context, int layers, int heads, int width) =>
        Config(new ModelSizes(vocabularySize, context, layers, heads, width));
}
