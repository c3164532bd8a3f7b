namespace MiniGpt.Model.Tokenizers;

/// <summary>A piece in a word: where it begins and ends, and its id; -1 for a character that no piece says.</summary>
internal readonly record struct PieceOfWord(int Start, int End, int Id);

/// <summary>All ways to cut a word into pieces. Used by one thread.</summary>
/// <param name="trie">Finds pieces.</param>
/// <param name="scores">The logarithm of each one's probability.</param>
/// <param name="unknown">That of a character that no piece says.</param>
internal sealed class UnigramLattice(ByteTrie trie, double[] scores, double unknown)
{
    private readonly List<PieceOfWord> _edges = [];
    private readonly List<PieceOfWord> _best = [];
    private double[] _forward = [];
    private double[] _backward = [];
    private int[] _last = [];
    private (int Length, int Value)[] _found = [];

    /// <summary>Adds how often each piece is expected in a word that was seen so often.</summary>
    public void AddExpected(ReadOnlySpan<byte> word, long count, double[] expected)
    {
        FindEdges(word, without: -1);
        Span<double> forward = Sized(ref _forward, word.Length + 1), backward = Sized(ref _backward, word.Length + 1);
        forward.Fill(double.NegativeInfinity);
        backward.Fill(double.NegativeInfinity);
        forward[0] = backward[word.Length] = 0;
        foreach ((int start, int end, int id) in _edges)
            forward[end] = LogAdd(forward[end], forward[start] + ScoreOf(id));
        for (int i = _edges.Count - 1; i >= 0; i--)
            backward[_edges[i].Start] = LogAdd(backward[_edges[i].Start], backward[_edges[i].End] + ScoreOf(_edges[i].Id));
        double all = forward[word.Length];
        foreach ((int start, int end, int id) in _edges)
        {
            if (id >= 0)
                expected[id] += count * Math.Exp(forward[start] + scores[id] + backward[end] - all);
        }
    }

    /// <summary>The likeliest cut, from the last piece to the first, by Viterbi's algorithm; the list is used again by the next call.</summary>
    /// <param name="word">The word.</param>
    /// <param name="without">A piece that may not be used; -1 where all may.</param>
    public List<PieceOfWord> Best(ReadOnlySpan<byte> word, int without)
    {
        FindEdges(word, without);
        Span<double> best = Sized(ref _forward, word.Length + 1);
        Span<int> last = Sized(ref _last, word.Length + 1);
        best.Fill(double.NegativeInfinity);
        best[0] = 0;
        for (int i = 0; i < _edges.Count; i++)
        {
            (int start, int end, int id) = _edges[i];
            if (best[start] + ScoreOf(id) > best[end])
                (best[end], last[end]) = (best[start] + ScoreOf(id), i);
        }
        _best.Clear();
        for (int at = word.Length; at > 0; at = _best[^1].Start)
            _best.Add(_edges[last[at]]);
        return _best;
    }

    /// <summary>Lists the pieces by the place at which they begin.</summary>
    private void FindEdges(ReadOnlySpan<byte> word, int without)
    {
        _edges.Clear();
        if (_found.Length < word.Length)
            _found = new (int, int)[word.Length];
        for (int at = 0, length; at < word.Length; at += length)
        {
            length = PieceTokenizer.CharacterLength(word[at..]);
            bool isKnown = false;
            foreach ((int pieceLength, int id) in _found.AsSpan(0, trie.All(word[at..], _found)))
            {
                if (id == without)
                    continue;
                _edges.Add(new PieceOfWord(at, at + pieceLength, id));
                isKnown |= pieceLength == length;
            }
            if (!isKnown)
                _edges.Add(new PieceOfWord(at, at + length, -1));
        }
    }

    private double ScoreOf(int id) => id >= 0 ? scores[id] : unknown;

    private static Span<T> Sized<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            array = new T[length];
        return array.AsSpan(0, length);
    }

    private static double LogAdd(double a, double b)
    {
        if (a < b)
            (a, b) = (b, a);
        return double.IsNegativeInfinity(b) ? a : a + Math.Log(1 + Math.Exp(b - a));
    }
}
