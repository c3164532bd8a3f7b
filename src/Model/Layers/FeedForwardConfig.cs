namespace MiniGpt.Model.Layers;

/// <summary>The feed-forward layers of a model's blocks.</summary>
public sealed record FeedForwardConfig
{
    /// <summary>F: the width between the matrices. Left 0 it is 4 times the width: see <see cref="TransformerConfig.FeedForwardWidth"/>.</summary>
    public int Width { get; init; }

    /// <summary>The nonlinearity.</summary>
    public Activation Activation { get; init; }

    /// <summary>Whether a second projection, the gate, decides how much of each number passes: activation(gate) · up (Shazeer 2020).</summary>
    public bool IsGated { get; init; }

    /// <summary>Whether the matrices have biases.</summary>
    public bool HasBias { get; init; } = true;
}
