using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>Qwen2 (Yang et al. 2024): Llama with biases on queries, keys and values, and slower waves.</summary>
public static class Qwen2
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("qwen2", Config);

    /// <summary>The configuration of a Qwen2 of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes)
    {
        TransformerConfig llama = Llama.Config(sizes);
        return llama with
        {
            Architecture = "qwen2",
            Attention = llama.Attention with { HasBias = true },
            Norm = llama.Norm with { Epsilon = 1e-6 },
            Positions = llama.Positions with { RotaryBase = 1e6 },
            Head = HeadKind.Tied,
        };
    }
}
