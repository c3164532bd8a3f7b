using System.Text.Json.Nodes;

namespace MiniGpt.Model.Tokenizers;

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
