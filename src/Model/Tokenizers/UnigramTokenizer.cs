using System.Collections.Concurrent;
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
    private readonly ConcurrentBag<Workspace> _workspaces = [];

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

    private protected override int EncodeWord(ReadOnlySpan<byte> word, Span<int> ids)
    {
        Workspace workspace = _workspaces.TryTake(out Workspace? idle) ? idle : new Workspace();
        WordCache.Key key = WordCache.KeyOf(word, word.Length);
        if (!workspace.Cache.TryGet(key, ids, out int count))
        {
            count = Cut(word, ids, workspace);
            workspace.Cache.Add(key, ids[..count]);
        }
        _workspaces.Add(workspace);
        return count;
    }

    private int Cut(ReadOnlySpan<byte> word, Span<int> ids, Workspace workspace)
    {
        Span<Best> best = workspace.Places(word.Length + 1);
        Span<(int Length, int Value)> found = workspace.Found(word.Length);
        best.Fill(new Best(double.NegativeInfinity, -1, 0));
        best[0] = new Best(0, -1, 0);
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = CharacterLength(word[at..]);
            bool isKnown = false;
            foreach ((int pieceLength, int id) in found[.._trie.All(word[at..], found)])
            {
                isKnown |= pieceLength == length;
                Offer(ref best[at + pieceLength], best[at].Score + _scores[id], id, at);
            }
            if (!isKnown)
                Offer(ref best[at + length], best[at].Score + _unknownScore, -1, at);
        }

        int pieces = 0;
        for (int end = word.Length; end > 0; end = best[end].Start)
            workspace.Ends(pieces++, end);
        int count = 0;
        bool followsUnknown = false;
        for (int i = pieces - 1; i >= 0; i--)
        {
            int end = workspace.EndAt(i), start = best[end].Start;
            int written = best[end].Id >= 0 ? 1 : WriteUnknown(word, start, end - start, ids[count..], followsUnknown);
            if (best[end].Id >= 0)
                ids[count] = best[end].Id;
            count += written;
            followsUnknown = best[end].Id < 0 && count > 0 && ids[count - 1] == UnknownId;
        }
        return count;
    }

    private protected override void AddTo(IncrementalHash hash)
    {
        base.AddTo(hash);
        hash.AppendData(MemoryMarshal.AsBytes<double>(_scores));
    }

    private static void Offer(ref Best best, double score, int id, int start)
    {
        if (score > best.Score)
            best = new Best(score, id, start);
    }

    /// <summary>The best way to a place of a word: its score, its last piece, and where that begins.</summary>
    private readonly record struct Best(double Score, int Id, int Start);

    private sealed class Workspace
    {
        private Best[] _places = [];
        private int[] _ends = [];
        private (int, int)[] _found = [];

        public WordCache Cache { get; } = new();

        public Span<Best> Places(int count)
        {
            if (_places.Length < count)
                (_places, _ends) = (new Best[count], new int[count]);
            return _places.AsSpan(0, count);
        }

        public Span<(int Length, int Value)> Found(int count)
        {
            if (_found.Length < count)
                _found = new (int, int)[count];
            return _found;
        }

        public void Ends(int index, int end) => _ends[index] = end;

        public int EndAt(int index) => _ends[index];
    }
}
