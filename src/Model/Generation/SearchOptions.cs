namespace MiniGpt.Model.Generation;

/// <summary>How the translation of a sentence is looked for.</summary>
public sealed record SearchOptions
{
    /// <summary>How many beginnings are followed at once; 1 always takes the likeliest token.</summary>
    public int Beams { get; init; } = 1;

    /// <summary>A translation's score is the sum of its logarithms of probabilities over its length to this power; 0 ranks by the sum.</summary>
    public double LengthPenalty { get; init; } = 1;

    /// <summary>How many tokens a translation has at most, the one that ends it included; the model's context where that is less.</summary>
    public int MostTokens { get; init; } = int.MaxValue;

    /// <summary>Throws where no search can have these options.</summary>
    /// <exception cref="ArgumentException">One line that names the value and the rule that it breaks.</exception>
    public void Validate()
    {
        Require.Positive(Beams, "number of beams");
        Require.Positive(MostTokens, "number of tokens");
        Require.That(double.IsFinite(LengthPenalty), $"the length penalty must be a number, it is {LengthPenalty}");
    }
}

/// <summary>A translation.</summary>
/// <param name="Ids">Its ids, without those that begin and end it.</param>
/// <param name="Score">The sum of its logarithms of probabilities over its length to the power of the penalty.</param>
/// <param name="IsComplete">Whether the model ended it; otherwise there was no room for more.</param>
public sealed record ScoredTranslation(int[] Ids, double Score, bool IsComplete);
