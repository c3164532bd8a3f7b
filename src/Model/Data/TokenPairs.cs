namespace MiniGpt.Model.Data;

/// <summary>Sentences and their translations as ids, without the ids round them.</summary>
/// <param name="Sources">The sentences.</param>
/// <param name="Targets">Their translations, each in the place of its sentence.</param>
public sealed record TokenPairs(IReadOnlyList<int[]> Sources, IReadOnlyList<int[]> Targets)
{
    /// <summary>How many pairs there are.</summary>
    public int Count => Sources.Count;

    /// <summary>The mean length of the sentences.</summary>
    public double MeanSourceLength => Sources.Average(source => source.Length);

    /// <summary>The mean length of the translations.</summary>
    public double MeanTargetLength => Targets.Average(target => target.Length);
}

/// <summary>What a translator learns from and is evaluated on.</summary>
/// <param name="Train">The pairs to learn from.</param>
/// <param name="Validation">The pairs to evaluate on; none where nothing was kept for it.</param>
public sealed record TranslationData(TokenPairs Train, TokenPairs? Validation);
