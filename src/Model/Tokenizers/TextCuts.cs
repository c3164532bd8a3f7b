namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// The places at which a text can be cut so that each part is tokenised as in the whole: before a space that follows something else, and
/// for some tokenizers before a line end that does.
/// </summary>
internal static class TextCuts
{
    private static ReadOnlySpan<byte> SpaceAndLineEnd => " \n"u8;

    /// <summary>The first such place from <paramref name="from"/> on; the length of the text where there is none.</summary>
    public static int Find(ReadOnlySpan<byte> text, int from, bool atLineEnds)
    {
        for (int at = Math.Max(from, 1); at < text.Length; at++)
        {
            int found = text[at..].IndexOfAny(Places(atLineEnds));
            if (found < 0)
                return text.Length;
            at += found;
            if (!CharacterKinds.EndsInSpace(text[..at]))
                return at;
        }
        return text.Length;
    }

    /// <summary>The last such place up to <paramref name="most"/>; 0 where there is none.</summary>
    public static int FindLast(ReadOnlySpan<byte> text, int most, bool atLineEnds)
    {
        for (int at = Math.Clamp(most + 1, 0, text.Length); (at = text[..at].LastIndexOfAny(Places(atLineEnds))) > 0;)
        {
            if (!CharacterKinds.EndsInSpace(text[..at]))
                return at;
        }
        return 0;
    }

    /// <summary>Parts of a text of about this many bytes, each of which is tokenised by itself as it is in the whole.</summary>
    public static List<Range> Segments(ReadOnlySpan<byte> text, int bytes, bool atLineEnds)
    {
        List<Range> segments = [];
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = text.Length - start <= bytes ? text.Length : Find(text, start + bytes, atLineEnds);
            segments.Add(start..end);
        }
        return segments;
    }

    private static ReadOnlySpan<byte> Places(bool atLineEnds) => atLineEnds ? SpaceAndLineEnd : SpaceAndLineEnd[..1];
}
