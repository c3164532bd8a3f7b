using System.Text.Json.Nodes;

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

/// <summary>Cuts a text by patterns of a file, one after the other. How such a text could be cut into blocks is not known: it is read whole.</summary>
/// <param name="steps">The steps; no step leaves a text as it is.</param>
/// <param name="json">The steps as tokenizer.json has them, without one that adds a space.</param>
internal sealed class PatternPreTokenizer(IReadOnlyList<SplitStep> steps, string json) : PreTokenizer
{
    public override JsonObject ToJson(bool prefixSpace)
    {
        JsonObject written = JsonNode.Parse(json)!.AsObject();
        JsonObject last = written["pretokenizers"] is JsonArray { Count: > 0 } inner ? inner[^1]!.AsObject() : written;
        last["add_prefix_space"] = prefixSpace;
        return written;
    }

    public override void Cut(ReadOnlySpan<byte> text, List<Range> pieces)
    {
        string flat = SplitPattern.Flatten(text, out int[] starts);
        IEnumerable<(int Start, int End)> found = [(0, flat.Length)];
        foreach (SplitStep step in steps)
            found = found.SelectMany(piece => step.Cut(flat, piece.Start, piece.End));
        foreach ((int start, int end) in found)
        {
            if (end > start)
                pieces.Add(starts[start]..starts[end]);
        }
    }

    public override List<Range> Segments(ReadOnlySpan<byte> text, int bytes) => [0..text.Length];

    public override int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve) => 0;
}
