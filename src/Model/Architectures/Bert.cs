using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// BERT (Devlin et al. 2019): an encoder with learned positions, two kinds of text, layer norms behind each branch and behind the embedding,
/// and a head of two maps.
/// </summary>
public static class Bert
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("bert", Config);

    /// <summary>The configuration of a BERT of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes) => new()
    {
        Architecture = "bert",
        VocabularySize = sizes.VocabularySize,
        Context = sizes.Context,
        Layers = sizes.Layers,
        Width = sizes.Width,
        Attention = new() { Heads = sizes.Heads, KeyHeads = sizes.KeyHeads, HeadSize = sizes.HeadSize, IsCausal = false },
        FeedForward = new() { Width = sizes.FeedForwardWidth, Activation = Activation.GeluErf },
        Norm = new() { Place = NormPlace.After, Epsilon = 1e-12 },
        Segments = 2,
        NormsEmbedding = true,
        TransformsHead = true,
        HeadBias = HeadBias.Trained,
    };
}
