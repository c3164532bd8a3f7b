using System.Text.Json.Serialization;

namespace MiniGpt.Model.Generation;

/// <summary>What a step of a search for a translation makes of a beginning.</summary>
[JsonConverter(typeof(NameConverter<CandidateFate>))]
public enum CandidateFate
{
    /// <summary>It is not among the best: it is given up.</summary>
    [JsonStringEnumMemberName("dropped")] Dropped,

    /// <summary>It is among the best: the next step goes on with it.</summary>
    [JsonStringEnumMemberName("kept")] Kept,

    /// <summary>It is a whole translation, and put aside.</summary>
    [JsonStringEnumMemberName("ended")] Ended,
}

/// <summary>One of the beginnings that a step of a search had to choose from.</summary>
/// <param name="From">Which of those that the step before kept it goes on with, from 0 in their order; at the first step 0.</param>
/// <param name="Id">The token that it adds.</param>
/// <param name="Sum">The sum of its logarithms of probabilities.</param>
/// <param name="Score">That sum over its length to the power of the penalty.</param>
/// <param name="Fate">What becomes of it.</param>
public readonly record struct SearchCandidate(int From, int Id, double Sum, double Score, CandidateFate Fate);

/// <summary>A search for a translation, step by step.</summary>
/// <param name="Steps">What each step had to choose from, the best first: twice as many as there are beams, or fewer.</param>
/// <param name="Found">What was found, the best first.</param>
public sealed record SearchTrace(IReadOnlyList<SearchCandidate[]> Steps, IReadOnlyList<ScoredTranslation> Found);
