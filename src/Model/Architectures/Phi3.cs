using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>Phi-3 (Abdin et al. 2024): Llama's parts, trained on other data.</summary>
public static class Phi3
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("phi3", Config);

    /// <summary>The configuration of a Phi-3 of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes) => Llama.Config(sizes) with { Architecture = "phi3" };
}
