namespace MiniGpt.Model.Explanation;

/// <summary>What is asked for beside a text.</summary>
public sealed record ExplanationOptions
{
    /// <summary>Into which language a translation goes; null for the first that the model knows, or the only one.</summary>
    public string? Language { get; init; }

    /// <summary>How many beginnings of a translation are followed at once.</summary>
    public int Beams { get; init; } = 4;

    /// <summary>A second text of as many tokens, whose attention is laid over that of the first; null for none. Not for models that translate.</summary>
    public string? Against { get; init; }
}
