namespace MiniGpt.Model.Tokenizers;

/// <summary>A pre-tokenizer by hand, of which a piece depends on what stands in it and right behind it, and on all white space there.</summary>
internal abstract class ScanningPreTokenizer : PreTokenizer
{
    /// <summary>The length in bytes of the first piece of a text; 0 where the text is empty.</summary>
    public abstract int Next(ReadOnlySpan<byte> text);

    public override void Cut(ReadOnlySpan<byte> text, List<Range> pieces)
    {
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = Next(text[at..]);
            pieces.Add(at..(at + length));
        }
    }

    public override List<Range> Segments(ReadOnlySpan<byte> text, int bytes) => TextCuts.Segments(text, bytes, CutsAtLineEnds);

    public override int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve)
    {
        int most = text.Length - reserve - Lookahead;
        if (TextCuts.FindLast(text, most, CutsAtLineEnds) is var cut and > 0)
            return cut;
        int end = 0;
        // White space at the end may go on, and a line end in it would make all of it one piece.
        for (int at = 0; at < most && at + Next(text[at..]) is var next && CharacterKinds.RunEnd(text, next, CharacterKind.Space) <= most;)
        {
            at = next;
            // Alone, white space before a word is one piece; before the word it is two.
            end = CharacterKinds.EndsInSpace(text[..at]) ? end : at;
        }
        return end;
    }
}
