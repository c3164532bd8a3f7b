using MiniGpt.Model.Generation;

namespace MiniGpt.Model.Explanation;

/// <summary>A translation, and how it was found.</summary>
/// <param name="Text">Its text.</param>
/// <param name="IsComplete">Whether the model ended it; otherwise there was no room for more.</param>
/// <param name="Sequence">What the decoder reads: the token that begins every translation, then those that it has written.</param>
/// <param name="SourceAttention">Whom each token looks at in the source while the next one is chosen.</param>
/// <param name="Beams">How many beginnings were followed at once.</param>
/// <param name="EndId">The token that ends a translation.</param>
/// <param name="Search">For each step of the search what it had to choose from, the best first.</param>
/// <param name="Found">The translations that were found, the best first.</param>
public sealed record TranslationView(
    string Text, bool IsComplete, SequenceView Sequence, AttentionView SourceAttention, int Beams, int EndId,
    IReadOnlyList<SearchCandidate[]> Search, FoundView[] Found);

/// <summary>A translation that was found.</summary>
/// <param name="Ids">Its tokens.</param>
/// <param name="Text">Its text.</param>
/// <param name="Score">The sum of its logarithms of probabilities over its length.</param>
/// <param name="IsComplete">Whether the model ended it.</param>
public sealed record FoundView(int[] Ids, string Text, double Score, bool IsComplete);
