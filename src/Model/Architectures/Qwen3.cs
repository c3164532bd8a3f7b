using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>Qwen3 (Yang et al. 2025): Qwen2 with norms on queries and keys in the place of their biases, and often a head size of its own.</summary>
public static class Qwen3
{
    /// <summary>The name and the configuration.</summary>
    public static ModelFamily Family { get; } = new("qwen3", Config);

    /// <summary>The configuration of a Qwen3 of some sizes.</summary>
    public static TransformerConfig Config(ModelSizes sizes)
    {
        TransformerConfig qwen2 = Qwen2.Config(sizes);
        return qwen2 with
        {
            Architecture = "qwen3",
            Attention = qwen2.Attention with { HasBias = false, NormsQueriesAndKeys = true },
        };
    }
}
