namespace MiniGpt.Model.Lessons;

/// <summary>Every way to cut a text into known pieces, one by one: as long as a text is short there is no need to be clever.</summary>
/// <param name="text">The text.</param>
/// <param name="scores">The pieces, and the logarithm of how likely each is.</param>
internal sealed class WrittenOutLattice(string text, IReadOnlyDictionary<string, double> scores)
{
    /// <summary>The pieces that fit, and where.</summary>
    public IReadOnlyList<(int Start, string Piece)> Fitting { get; } =
        [.. Enumerable.Range(0, text.Length).SelectMany(start => scores.Keys
            .Where(piece => text.AsSpan(start).StartsWith(piece, StringComparison.Ordinal)).OrderBy(piece => piece.Length).Select(piece => (start, piece)))];

    /// <summary>All ways to cut the text, the likeliest first. The logarithm of a way's probability is the sum of its pieces'.</summary>
    public IReadOnlyList<(string[] Pieces, double Score)> Ways() =>
        [.. From(0).Select(way => (way, way.Sum(piece => scores[piece]))).OrderByDescending(way => way.Item2)];

    private IEnumerable<string[]> From(int start)
    {
        if (start == text.Length)
            return [[]];
        return Fitting.Where(fit => fit.Start == start).SelectMany(fit => From(start + fit.Piece.Length).Select(rest => (string[])[fit.Piece, .. rest]));
    }
}
