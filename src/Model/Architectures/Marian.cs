using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// A translator as Marian builds them (Junczys-Dowmunt et al. 2018), close to the first transformer (Vaswani et al. 2017): positions as waves,
/// layer norms behind each branch, and one table of tokens for both languages, scaled where it enters.
/// </summary>
public static class Marian
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("marian", Config);

    /// <summary>The configuration of a translator of some sizes, as many blocks on either side.</summary>
    public static TransformerConfig Config(ModelSizes sizes) => new()
    {
        Architecture = "marian",
        VocabularySize = sizes.VocabularySize,
        Context = sizes.Context,
        Layers = sizes.Layers,
        Width = sizes.Width,
        Attention = new() { Heads = sizes.Heads },
        FeedForward = new() { Width = sizes.FeedForwardWidth, Activation = Activation.Silu },
        Norm = new() { Place = NormPlace.After },
        Positions = new() { Kind = PositionKind.Sinusoidal, SinesFirst = true },
        EmbeddingScale = Math.Sqrt(sizes.Width),
        HeadBias = HeadBias.Fixed,
        Source = new(),
    };
}
