using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// Llama (Touvron et al. 2023): rotary positions, RMS norms, gated feed-forward layers, no biases, and heads that may share keys and
/// values. Mistral, SmolLM and TinyLlama are the same with other sizes.
/// </summary>
public static class Llama
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("llama", Config);

    /// <summary>The configuration of a Llama of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes) => new()
    {
        Architecture = "llama",
        VocabularySize = sizes.VocabularySize,
        Context = sizes.Context,
        Layers = sizes.Layers,
        Width = sizes.Width,
        Attention = new()
        {
            Heads = sizes.Heads,
            KeyHeads = sizes.KeyHeads,
            HeadSize = sizes.HeadSize,
            HasBias = false,
            HasOutputBias = false,
        },
        Norm = new() { Kind = NormKind.Rms },
        FeedForward = new() { Width = sizes.GatedWidth, Activation = Activation.Silu, IsGated = true, HasBias = false },
        Positions = new() { Kind = PositionKind.Rotary },
        Head = HeadKind.Own,
    };
}
