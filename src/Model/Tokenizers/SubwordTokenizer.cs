using System.Buffers;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// What tokenizers of words and their pieces have in common: special tokens are found in a text first, and the ordinary text between them
/// is encoded part by part.
/// </summary>
public abstract class SubwordTokenizer : Tokenizer
{
    private readonly SpecialTokens _special;
    private readonly TextEnds _ends;

    private protected SubwordTokenizer(TokenTable tokens, IEnumerable<int> specialIds, TextEnds? ends)
        : base(tokens)
    {
        List<(int, byte[])> special = [];
        foreach (int id in specialIds.Distinct())
        {
            Require.That((uint)id < (uint)tokens.Count, $"the special token {id} is not in a vocabulary of {tokens.Count}");
            special.Add((id, tokens[id].ToArray()));
        }
        _special = new SpecialTokens(special);
        _ends = ends ?? TextEnds.None;
        foreach (int id in _ends.Before.Concat(_ends.Behind))
            Require.That((uint)id < (uint)tokens.Count, $"the token {id} round a text is not in a vocabulary of {tokens.Count}");
    }

    /// <inheritdoc/>
    public override int? EndOfTextId => _special.IdOf(Encoding.UTF8.GetBytes(EndOfText));

    /// <inheritdoc/>
    public override TextEnds Ends => _ends;

    /// <summary>The ids of the special tokens, ascending.</summary>
    public IReadOnlyList<int> SpecialIds => _special.Ids;

    /// <summary>The id of a special token; null where there is none of this text.</summary>
    public int? SpecialIdOf(string text) => _special.IdOf(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether a token is found in a text as a whole and never made of smaller ones.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>Whether the first ordinary text, or that behind a special token, is encoded in another way than what follows it.</summary>
    private protected abstract bool DependsOnBegin { get; }

    /// <inheritdoc/>
    public sealed override int EncodeUtf8(ReadOnlySpan<byte> text, IBufferWriter<int> ids, bool isFinalBlock, bool isFirstBlock)
    {
        // A special token near the end of a block can still turn out to be the beginning of a longer one.
        int lastStart = isFinalBlock ? text.Length : text.Length - _special.LongestLength;
        TextBegin begin = isFirstBlock ? TextBegin.OfText : TextBegin.None;
        int at = 0;
        (int Start, int Id)? pending = null; // the last special token, which is not written yet
        foreach ((int start, int id) in _special.Find(text))
        {
            if (start > lastStart)
                break;
            WriteAndEncode(text, pending?.Id, at, start, begin, ids);
            (pending, at, begin) = ((start, id), start + Tokens[id].Length, TextBegin.BehindSpecial);
        }
        int end = isFinalBlock ? text.Length : at + LengthOfWholePieces(text[at..], Math.Max(1, _special.LongestLength));
        // The next block could not tell that ordinary text begins with it behind a special token: so it begins with that token.
        if (DependsOnBegin && !isFinalBlock && end == at && pending is (int last, _) && !_special.StartsAt(text[at..]))
            return last;
        WriteAndEncode(text, pending?.Id, at, end, begin, ids);
        return end;
    }

    /// <summary>Writes the ids of a part of a text that has no special tokens in it.</summary>
    /// <exception cref="TextEncodingException">The part holds what the vocabulary cannot say; the place is that in the part.</exception>
    private protected abstract void EncodeOrdinary(ReadOnlySpan<byte> part, TextBegin begin, IBufferWriter<int> ids);

    /// <summary>How much of ordinary text has the same ids whatever follows it; 0 where more has to be seen.</summary>
    /// <param name="text">The text, which goes on.</param>
    /// <param name="reserve">The bytes at its end that may belong to a special token.</param>
    private protected abstract int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve);

    private void WriteAndEncode(ReadOnlySpan<byte> text, int? special, int start, int end, TextBegin begin, IBufferWriter<int> ids)
    {
        if (special is int id)
        {
            ids.GetSpan(1)[0] = id;
            ids.Advance(1);
        }
        if (start == end)
            return;
        try
        {
            EncodeOrdinary(text[start..end], begin, ids);
        }
        catch (TextEncodingException error)
        {
            throw error.Within(file: null, TextPlace.Start.After(text[..start]));
        }
    }
}

/// <summary>What a part of ordinary text begins.</summary>
internal enum TextBegin
{
    /// <summary>Nothing: it goes on.</summary>
    None,

    /// <summary>The whole text.</summary>
    OfText,

    /// <summary>What stands behind a special token.</summary>
    BehindSpecial,
}
