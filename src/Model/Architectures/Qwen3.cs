using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>Qwen3 (Yang et al. 2025): Llama with norms on queries and keys, a head size of its own, and slower waves.</summary>
public static class Qwen3
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("qwen3", Config);

    /// <summary>The configuration of a Qwen3 of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes)
    {
        TransformerConfig llama = Llama.Config(sizes);
        return llama with
        {
            Architecture = "qwen3",
            Attention = llama.Attention with { NormsQueriesAndKeys = true },
            Norm = llama.Norm with { Epsilon = 1e-6 },
            Positions = llama.Positions with { RotaryBase = 1e6 },
            Head = HeadKind.Tied,
        };
    }
}
