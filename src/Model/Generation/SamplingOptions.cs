namespace MiniGpt.Model.Generation;

/// <summary>
/// How the next token is chosen from its logits. The steps come in the order that Hugging Face's generation applies them: penalties and
/// biases, temperature, top-k, top-p, min-p; each works on what the one before it left.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits: under 1 sharper, over 1 flatter, 0 always the likeliest token.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>Only the so many likeliest tokens can be chosen, at least 1; null for all. Of equally likely ones, those of smaller ids.</summary>
    public int? TopK { get; init; }

    /// <summary>
    /// Only the likeliest tokens that together reach this probability can be chosen, in (0, 1]; 1 for all
    /// (nucleus sampling: Holtzman et al. 2020).
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Only tokens of at least this share of the likeliest one's probability can be chosen, in [0, 1]; 0 for all (Nguyen et al. 2024).</summary>
    public double MinP { get; init; }

    /// <summary>
    /// Positive logits of tokens that are already in the text are divided by this, negative ones multiplied; over 0, 1 for no penalty
    /// (CTRL: Keskar et al. 2019).
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Subtracted from the logits of tokens that were drawn already.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>Subtracted from the logits of tokens that were drawn already, once for each time.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>What is added to the logits of some tokens, after the penalties; null for nothing.</summary>
    public IReadOnlyDictionary<int, double>? Bias { get; init; }

    /// <summary>Decides the random numbers.</summary>
    public ulong Seed { get; init; } = 1337;

    /// <summary>Throws where a value makes no sense.</summary>
    /// <exception cref="ArgumentException">One line with the value and the allowed range.</exception>
    public void Validate()
    {
        Require.That(double.IsFinite(Temperature) && Temperature >= 0, $"the temperature must be a number from 0 up, it is {Temperature}");
        Require.That(TopK is null or > 0, $"top-k must be at least 1, it is {TopK}");
        Require.That(TopP is > 0 and <= 1, $"top-p must be greater than 0 and at most 1, it is {TopP}");
        Require.That(MinP is >= 0 and <= 1, $"min-p must be from 0 to 1, it is {MinP}");
        Require.That(double.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0,
            $"the repetition penalty must be greater than 0, it is {RepetitionPenalty}");
        Require.That(double.IsFinite(PresencePenalty), $"the presence penalty must be a number, it is {PresencePenalty}");
        Require.That(double.IsFinite(FrequencyPenalty), $"the frequency penalty must be a number, it is {FrequencyPenalty}");
        foreach ((int id, double bias) in Bias ?? new Dictionary<int, double>())
            Require.That(id >= 0 && double.IsFinite(bias), $"the bias of a token must be a number, that of {id} is {bias}");
    }
}
