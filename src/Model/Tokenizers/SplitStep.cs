namespace MiniGpt.Model.Tokenizers;

/// <summary>What becomes of the text that a pattern matches, and of that between.</summary>
internal enum SplitBehavior
{
    /// <summary>It is left out.</summary>
    Removed,

    /// <summary>Each match is a piece.</summary>
    Isolated,

    /// <summary>A match belongs to what stands before it.</summary>
    MergedWithPrevious,

    /// <summary>A match belongs to what stands behind it.</summary>
    MergedWithNext,

    /// <summary>Matches side by side are one piece.</summary>
    Contiguous,
}

/// <summary>A step that cuts each piece once more.</summary>
/// <param name="Pattern">What is looked for.</param>
/// <param name="Behavior">What becomes of it.</param>
/// <param name="Inverts">Whether what the pattern does not match counts as matched, and the other way round.</param>
internal sealed record SplitStep(SplitPattern Pattern, SplitBehavior Behavior, bool Inverts)
{
    /// <summary>The pieces of a part of a text.</summary>
    public IEnumerable<(int Start, int End)> Cut(string text, int start, int end)
    {
        List<(int Start, int End, bool IsMatch)> parts = [];
        int at = start;
        foreach ((int from, int to) in Pattern.Matches(text, start, end))
        {
            if (from > at)
                parts.Add((at, from, Inverts));
            parts.Add((from, to, !Inverts));
            at = to;
        }
        if (at < end)
            parts.Add((at, end, Inverts));
        return Join(parts);
    }

    private List<(int Start, int End)> Join(List<(int Start, int End, bool IsMatch)> parts)
    {
        List<(int Start, int End)> pieces = [];
        for (int i = 0; i < parts.Count; i++)
        {
            (int start, int end, bool isMatch) = parts[i];
            bool? before = i > 0 ? parts[i - 1].IsMatch : null;
            bool joins = Behavior switch
            {
                SplitBehavior.MergedWithPrevious => isMatch && before == false,
                SplitBehavior.MergedWithNext => !isMatch && before == true,
                SplitBehavior.Contiguous => before == isMatch,
                _ => false,
            };
            if (joins)
                pieces[^1] = (pieces[^1].Start, end);
            else if (Behavior != SplitBehavior.Removed || !isMatch)
                pieces.Add((start, end));
        }
        return pieces;
    }
}
