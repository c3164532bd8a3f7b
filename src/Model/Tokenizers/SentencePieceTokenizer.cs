using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Byte-pair encoding over characters, as SentencePiece has it and Llama uses it: of the pairs of pieces side by side that are a piece
/// together, that with the highest score is joined first, or that whose merge stands first in a list.
/// </summary>
public sealed class SentencePieceTokenizer : PieceTokenizer
{
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _ids; // of pieces, and of characters that only longer pieces have
    private readonly List<byte[]> _partsOnly = []; // those characters
    private readonly BytePairMerge[] _merges;
    private readonly int[] _priorities;
    private readonly MergeTable _table;
    private readonly float[]? _scores;

    private SentencePieceTokenizer(
        IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds, IEnumerable<int> specialIds, SpaceRule spaces, TextEnds? ends,
        float[]? scores, IReadOnlyList<(int Left, int Right)>? merges)
        : base(pieces, kinds, specialIds, spaces, ends)
    {
        Require.That(pieces.Count <= MergeTable.MostTokens, $"{pieces.Count} tokens are too many, at most {MergeTable.MostTokens} expected");
        Dictionary<byte[], int> ids = new(BytesComparer.Instance);
        for (int id = 0; id < pieces.Count; id++)
        {
            if (kinds[id] == PieceKind.Normal && !IsSpecial(id))
                ids.TryAdd(pieces[id], id);
        }
        _ids = ids.GetAlternateLookup<ReadOnlySpan<byte>>();
        _scores = scores;
        if (scores is null)
        {
            _merges = [.. merges!.Select((merge, rank) => Resolve(merge, rank, pieces))];
            _priorities = [.. Enumerable.Range(0, _merges.Length)];
        }
        else
        {
            AddParts(pieces, kinds, ids);
            _merges = [.. MergesOf(pieces, kinds).OrderByDescending(merge => scores[merge.Result])];
            _priorities = new int[_merges.Length]; // pieces of one score have one priority
            for (int i = 1; i < _merges.Length; i++)
                _priorities[i] = _priorities[i - 1] + (scores[_merges[i].Result] == scores[_merges[i - 1].Result] ? 0 : 1);
        }
        Require.That(_merges.Length <= MergeTable.MostTokens, $"{_merges.Length} ways to join pieces are too many, at most {MergeTable.MostTokens} expected");
        _table = new MergeTable(_merges);
    }

    /// <inheritdoc/>
    public override string Kind => "sentencepiece";

    /// <summary>The pairs that are joined, the first to be joined first.</summary>
    internal IReadOnlyList<BytePairMerge> Merges => _merges;

    /// <summary>Whether all pairs are pairs of pieces, in an order in which no two are equal: as a list of merges says it.</summary>
    internal bool IsList => _partsOnly.Count == 0 && (_priorities.Length == 0 || _priorities[^1] == _priorities.Length - 1 || EqualsShareAResult());

    /// <summary>A tokenizer that joins by scores.</summary>
    /// <param name="pieces">The bytes of every piece, spaces as spaces; their places are their ids.</param>
    /// <param name="kinds">What they are.</param>
    /// <param name="scores">A score each.</param>
    /// <param name="specialIds">The tokens that are found in a text as a whole.</param>
    /// <param name="spaces">What becomes of spaces.</param>
    /// <param name="ends">The ids round a text.</param>
    /// <exception cref="ArgumentException">A score is no number, or a token is wrong.</exception>
    internal static SentencePieceTokenizer FromScores(
        IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds, float[] scores, IEnumerable<int> specialIds, SpaceRule spaces, TextEnds? ends)
    {
        Require.That(scores.Length == pieces.Count, $"{scores.Length} scores of {pieces.Count} tokens found");
        int wrong = Array.FindIndex(scores, score => !float.IsFinite(score));
        Require.That(wrong < 0, $"token {wrong} has the score {(wrong < 0 ? 0 : scores[wrong])}, a number expected");
        return new SentencePieceTokenizer(pieces, kinds, specialIds, spaces, ends, scores, merges: null);
    }

    /// <summary>A tokenizer that joins by a list of merges.</summary>
    /// <exception cref="ArgumentException">A merge gives no token, or is there twice.</exception>
    internal static SentencePieceTokenizer FromMerges(
        IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds, IReadOnlyList<(int Left, int Right)> merges, IEnumerable<int> specialIds,
        SpaceRule spaces, TextEnds? ends) => new(pieces, kinds, specialIds, spaces, ends, scores: null, merges);

    /// <summary>
    /// A score each, by which the pairs are joined in this order; null where no scores say it: where two merges of one token do not stand
    /// side by side.
    /// </summary>
    internal float[]? Scores()
    {
        if (_scores is not null)
            return _scores;
        float[] scores = new float[VocabularySize];
        HashSet<(int, int)> listed = [.. _merges.Select(merge => (merge.Left, merge.Right))];
        HashSet<int> seen = [];
        int last = -1;
        foreach (BytePairMerge merge in _merges)
        {
            if (merge.Result != last && !seen.Add(merge.Result))
                return null;
            last = merge.Result;
            scores[merge.Result] = -seen.Count;
        }
        for (int id = 0; id < scores.Length; id++)
        {
            if (KindOf(id) == PieceKind.Normal && !IsSpecial(id) && !seen.Contains(id))
                scores[id] = -seen.Count - 1;
        }
        SentencePieceTokenizer again = FromScores(
            [.. Enumerable.Range(0, VocabularySize).Select(id => Tokens[id].ToArray())], [.. Enumerable.Range(0, VocabularySize).Select(KindOf)], scores,
            SpecialIds, Spaces, Ends);
        // Scores join every pair that is a piece, a list only what it names.
        return again._partsOnly.Count == 0 && again._merges.All(merge => listed.Contains((merge.Left, merge.Right))) ? scores : null;
    }

    private protected override WordEncoder NewEncoder() => new Encoder(this);

    private protected override void AddTo(IncrementalHash hash)
    {
        base.AddTo(hash);
        hash.AppendData(MemoryMarshal.AsBytes<BytePairMerge>(_merges));
        hash.AppendData(MemoryMarshal.AsBytes<int>(_priorities));
    }

    private BytePairMerge Resolve((int Left, int Right) merge, int rank, IReadOnlyList<byte[]> pieces)
    {
        byte[] joined = [.. pieces[merge.Left], .. pieces[merge.Right]];
        Require.That(_ids.TryGetValue(joined, out int result),
            $"merge {rank} gives \"{Encoding.UTF8.GetString(joined)}\", which is not in the vocabulary");
        return new BytePairMerge(merge.Left, merge.Right, result);
    }

    /// <summary>Characters of pieces that are none themselves: pieces are made of them all the same.</summary>
    private void AddParts(IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds, Dictionary<byte[], int> ids)
    {
        for (int id = 0; id < pieces.Count; id++)
        {
            if (kinds[id] != PieceKind.Normal || IsSpecial(id))
                continue;
            for (int at = 0, length; at < pieces[id].Length; at += length)
            {
                length = CharacterLength(pieces[id].AsSpan(at));
                byte[] character = pieces[id][at..(at + length)];
                if (ids.TryAdd(character, pieces.Count + _partsOnly.Count))
                    _partsOnly.Add(character);
            }
        }
    }

    /// <summary>Every way to make a piece of two.</summary>
    private IEnumerable<BytePairMerge> MergesOf(IReadOnlyList<byte[]> pieces, IReadOnlyList<PieceKind> kinds)
    {
        for (int id = 0; id < pieces.Count; id++)
        {
            byte[] piece = pieces[id];
            if (kinds[id] != PieceKind.Normal || !_ids.TryGetValue(piece, out int known) || known != id)
                continue;
            for (int at = CharacterLength(piece); at < piece.Length; at += CharacterLength(piece.AsSpan(at)))
            {
                if (_ids.TryGetValue(piece.AsSpan(0, at), out int left) && _ids.TryGetValue(piece.AsSpan(at), out int right))
                    yield return new BytePairMerge(left, right, id);
            }
        }
    }

    /// <summary>Whether merges of one priority give one token.</summary>
    private bool EqualsShareAResult()
    {
        for (int i = 1; i < _merges.Length; i++)
        {
            if (_priorities[i] == _priorities[i - 1] && _merges[i].Result != _merges[i - 1].Result)
                return false;
        }
        return true;
    }

    private sealed class Encoder(SentencePieceTokenizer tokenizer) : WordEncoder
    {
        private readonly MergeQueue _queue = new(tokenizer._table, rank => tokenizer._merges[rank].Result, rank => tokenizer._priorities[rank]);

        protected override int EncodeNew(ReadOnlySpan<byte> text, int start, int length, Span<int> ids)
        {
            int[] symbols = new int[length];
            int count = 0, known = 0, joined = start;
            bool followsUnknown = false;
            for (int at = start, size; at < start + length; at += size)
            {
                size = CharacterLength(text[at..(start + length)]);
                if (tokenizer._ids.TryGetValue(text.Slice(at, size), out int id))
                {
                    symbols[known++] = id;
                    continue;
                }
                count += Join(text, joined, symbols.AsSpan(0, known), ids[count..], ref followsUnknown);
                count += WriteUnknown(text, at, size, ids[count..], ref followsUnknown);
                (known, joined) = (0, at + size);
            }
            return count + Join(text, joined, symbols.AsSpan(0, known), ids[count..], ref followsUnknown);
        }

        /// <summary>Joins characters that all are symbols, and writes what comes of them.</summary>
        private int Join(ReadOnlySpan<byte> text, int at, Span<int> symbols, Span<int> ids, ref bool followsUnknown)
        {
            int left = _queue.Merge(symbols), count = 0, vocabulary = tokenizer.VocabularySize;
            foreach (int symbol in symbols[..left])
            {
                if (symbol < vocabulary)
                {
                    ids[count++] = symbol;
                    at += tokenizer.Tokens[symbol].Length;
                    followsUnknown = false;
                    continue;
                }
                int length = tokenizer._partsOnly[symbol - vocabulary].Length;
                count += WriteUnknown(text, at, length, ids[count..], ref followsUnknown);
                at += length;
            }
            return count;
        }

        private int WriteUnknown(ReadOnlySpan<byte> text, int at, int length, Span<int> ids, ref bool followsUnknown)
        {
            int written = tokenizer.WriteUnknown(text, at, length, ids, followsUnknown);
            // Nothing is written where the unknown token stood there already.
            followsUnknown = written == 0 || ids[written - 1] == tokenizer.UnknownId;
            return written;
        }
    }
}
