namespace MiniGpt.Model.Lessons;

/// <summary>
/// Byte-pair encoding as one would do it on paper: count every pair of neighbours in every word, join the most frequent one everywhere, and begin
/// again. Of pairs that are equally frequent the one that is greater in the order of letters is joined.
/// </summary>
internal sealed class WrittenOutMerges
{
    private readonly (List<string> Pieces, int Count)[] _words;

    /// <summary>The words in single letters.</summary>
    public WrittenOutMerges(IEnumerable<(string Word, int Count)> words) =>
        _words = [.. words.Select(word => (word.Word.Select(letter => $"{letter}").ToList(), word.Count))];

    /// <summary>How each word is cut now.</summary>
    public IReadOnlyList<string[]> Words => [.. _words.Select(word => word.Pieces.ToArray())];

    /// <summary>Joins the most frequent pair.</summary>
    /// <returns>Its two parts, and how often they stood side by side.</returns>
    public (string Left, string Right, int Count) Step()
    {
        Dictionary<(string Left, string Right), int> counts = [];
        foreach ((List<string> pieces, int count) in _words)
        {
            foreach ((string Left, string Right) pair in pieces.Zip(pieces.Skip(1)))
                counts[pair] = counts.GetValueOrDefault(pair) + count;
        }
        ((string left, string right), int most) = counts.OrderByDescending(pair => pair.Value)
            .ThenByDescending(pair => pair.Key.Left, StringComparer.Ordinal).ThenByDescending(pair => pair.Key.Right, StringComparer.Ordinal).First();
        foreach ((List<string> pieces, _) in _words)
        {
            for (int i = 0; i + 1 < pieces.Count; i++)
            {
                if (pieces[i] == left && pieces[i + 1] == right)
                {
                    pieces[i] = left + right;
                    pieces.RemoveAt(i + 1);
                }
            }
        }
        return (left, right, most);
    }
}
