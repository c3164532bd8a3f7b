namespace MiniGpt.Model.Distribution;

/// <summary>Numbers that follow each other in a flat buffer of parameters.</summary>
/// <param name="Start">The first.</param>
/// <param name="Length">How many.</param>
internal readonly record struct FlatRange(int Start, int Length)
{
    /// <summary>The number behind the last.</summary>
    public int End => Start + Length;

    /// <summary>What two ranges have in common; empty where nothing.</summary>
    public FlatRange And(FlatRange other)
    {
        int start = Math.Max(Start, other.Start);
        return new(start, Math.Max(0, Math.Min(End, other.End) - start));
    }

    /// <summary>What ranges have in common with another one.</summary>
    public static FlatRange[] And(IReadOnlyList<FlatRange> ranges, FlatRange other) =>
        [.. ranges.Select(range => range.And(other)).Where(range => range.Length > 0)];

    /// <summary>The same numbers in their order, each once, and as few ranges as that takes.</summary>
    public static IReadOnlyList<FlatRange> Merge(IEnumerable<FlatRange> ranges)
    {
        List<FlatRange> merged = [];
        foreach (FlatRange range in ranges.Where(range => range.Length > 0).OrderBy(range => range.Start))
        {
            if (merged.Count > 0 && merged[^1].End >= range.Start)
                merged[^1] = merged[^1] with { Length = Math.Max(merged[^1].End, range.End) - merged[^1].Start };
            else
                merged.Add(range);
        }
        return merged;
    }
}
