using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// Gemma (Mesnard et al. 2024): Llama's parts with GELU in the gate, the embedding scaled by √width where it enters, and as head once more.
/// </summary>
public static class Gemma
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("gemma", Config);

    /// <summary>The configuration of a Gemma of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes)
    {
        TransformerConfig llama = Llama.Config(sizes);
        return llama with
        {
            Architecture = "gemma",
            FeedForward = llama.FeedForward with { Activation = Activation.GeluTanh },
            Norm = llama.Norm with { Epsilon = 1e-6 },
            EmbeddingScale = Math.Sqrt(sizes.Width),
            Head = HeadKind.Tied,
        };
    }
}
