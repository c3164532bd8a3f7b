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
        foreach ((int start, int id) in _special.Find(text))
        {
            int next = start + Tokens[id].Length;
            // The next block cannot tell that it begins behind a special token: so it begins with one, or inside of ordinary text.
            if (start > lastStart || (DependsOnBegin && !isFinalBlock && !_special.StartsAt(text[next..]) && WholePieces(text[next..]) == 0))
            {
                lastStart = Math.Min(lastStart, start);
                break;
            }
            Encode(text, at, start, begin, ids);
            Write(ids, id);
            (at, begin) = (next, TextBegin.BehindSpecial);
        }
        int end = isFinalBlock ? text.Length : at + WholePieces(text[at..Math.Max(at, Math.Min(text.Length, lastStart + _special.LongestLength))]);
        Encode(text, at, end, begin, ids);
        return end;
    }

    /// <summary>Writes the ids of a part of a text that has no special tokens in it.</summary>
    /// <exception cref="TextEncodingException">The part holds what the vocabulary cannot say; the place is that in the part.</exception>
    private protected abstract void EncodeOrdinary(ReadOnlySpan<byte> part, TextBegin begin, IBufferWriter<int> ids);

    /// <summary>How much of ordinary text has the same ids whatever follows it; 0 where more has to be seen.</summary>
    /// <param name="text">The text, which goes on.</param>
    /// <param name="reserve">The bytes at its end that may belong to a special token.</param>
    private protected abstract int LengthOfWholePieces(ReadOnlySpan<byte> text, int reserve);

    private protected static void Write(IBufferWriter<int> ids, int id)
    {
        ids.GetSpan(1)[0] = id;
        ids.Advance(1);
    }

    private int WholePieces(ReadOnlySpan<byte> text) => LengthOfWholePieces(text, Math.Max(1, _special.LongestLength));

    private void Encode(ReadOnlySpan<byte> text, int start, int end, TextBegin begin, IBufferWriter<int> ids)
    {
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
