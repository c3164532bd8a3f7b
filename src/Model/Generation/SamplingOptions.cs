namespace MiniGpt.Model.Generation;

/// <summary>How the next token is chosen from its probabilities.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits: under 1 sharper, over 1 flatter, 0 always the likeliest token.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only the so many likeliest tokens can be chosen; null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>Decides the random numbers.</summary>
    public ulong Seed { get; init; } = 1337;

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One line with the value and the allowed range.</exception>
    public void Validate()
    {
        Require.That(double.IsFinite(Temperature) && Temperature >= 0, $"the temperature must be a number from 0 up, it is {Temperature}");
        Require.That(TopK is null or > 0, $"top-k must be at least 1, it is {TopK}");
    }
}
