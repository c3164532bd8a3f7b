namespace MiniGpt.Model.Layers;

/// <summary>The attention of a model's blocks.</summary>
public sealed record AttentionConfig
{
    /// <summary>H: how many heads of queries a block has.</summary>
    public required int Heads { get; init; }

    /// <summary>
    /// G: how many heads of keys and values there are, a divisor of <see cref="Heads"/>; each serves H / G heads of queries
    /// (Ainslie et al. 2023). Left 0 it is <see cref="Heads"/>.
    /// </summary>
    public int KeyHeads { get => field == 0 ? Heads : field; init; }

    /// <summary>D: the width of a head. Left 0, the heads share the width of the model: see <see cref="TransformerConfig.HeadSize"/>.</summary>
    public int HeadSize { get; init; }

    /// <summary>Whether the projections to queries, keys and values have a bias.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>Whether the projection of the heads' outputs has a bias.</summary>
    public bool HasOutputBias { get; init; } = true;

    /// <summary>Whether queries and keys are normed, head by head, before they meet (Qwen3).</summary>
    public bool NormsQueriesAndKeys { get; init; }

    /// <summary>Whether a position sees itself and those before it alone.</summary>
    public bool IsCausal { get; init; } = true;

    /// <summary>How many positions a query sees at most, its own included (Mistral); 0 for all.</summary>
    public int Window { get; init; }
}
