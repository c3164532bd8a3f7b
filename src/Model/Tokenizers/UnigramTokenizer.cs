using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// A unigram language model of pieces (Kudo 2018): every piece has the logarithm of a probability, and a word is cut so that their sum is
/// the greatest (Viterbi's algorithm).
/// </summary>
public sealed class UnigramTokenizer : PieceTokenizer
{
    /// <summary>How much less likely than the rarest piece the unknown token is, as SentencePiece has it.</summary>
    private const double UnknownPenalty = 10;

    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly ByteTrie _trie = new();

    /// <summary>A tokenizer with these pieces.</summary>
    /// <param name="pieces">The bytes of every piece, spaces as spaces; their places are their ids.</param>
    /// <param name="kinds">What they are.</param>
    /// <param name="scores">The logarithm of a probability each.</param>
    /// <param name="specialIds">The tokens that are found in a text as a whole.</param>
    /// <param name="spaces">What becomes of spaces.</param>
    /// <param name="ends">The ids round a text.</param>
    /// <exception cref="ArgumentException">A score is no number, or a token is wrong.</exception>
    internal UnigramTokenizer(
        IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds, double[] scores, IEnumerable<int> specialIds, SpaceRule spaces, TextEnds? ends)
        : base(pieces, kinds, specialIds, spaces, ends)
    {
        Require.That(scores.Length == pieces.Count, $"{scores.Length} scores of {pieces.Count} tokens found");
        int wrong = Array.FindIndex(scores, score => !double.IsFinite(score));
        Require.That(wrong < 0, $"token {wrong} has the score {(wrong < 0 ? 0 : scores[wrong])}, a number expected");
        _scores = [.. scores];
        _unknownScore = scores.Min() - UnknownPenalty;
        for (int id = pieces.Count - 1; id >= 0; id--) // of equal pieces the first stays
        {
            if (kinds[id] == PieceKind.Normal && !IsSpecial(id))
                _trie.Add(pieces[id], id);
        }
    }

    /// <inheritdoc/>
    public override string Kind => "unigram";

    /// <summary>The logarithm of a probability for each token.</summary>
    internal IReadOnlyList<double> Scores => _scores;

    private protected override WordEncoder NewEncoder() => new Encoder(this);

    private protected override void AddTo(IncrementalHash hash)
    {
        base.AddTo(hash);
        hash.AppendData(MemoryMarshal.AsBytes<double>(_scores));
    }

    private sealed class Encoder(UnigramTokenizer tokenizer) : WordEncoder
    {
        private readonly UnigramLattice _lattice = new(tokenizer._trie, tokenizer._scores, tokenizer._unknownScore);

        protected override int EncodeNew(ReadOnlySpan<byte> text, int start, int length, Span<int> ids)
        {
            List<PieceOfWord> pieces = _lattice.Best(text.Slice(start, length), without: -1);
            int count = 0;
            bool followsUnknown = false;
            for (int i = pieces.Count - 1; i >= 0; i--)
            {
                PieceOfWord piece = pieces[i];
                if (piece.Id >= 0)
                    ids[count++] = piece.Id;
                else
                    count += tokenizer.WriteUnknown(text, start + piece.Start, piece.End - piece.Start, ids[count..], followsUnknown);
                followsUnknown = piece.Id < 0 && count > 0 && ids[count - 1] == tokenizer.UnknownId;
            }
            return count;
        }
    }
}
