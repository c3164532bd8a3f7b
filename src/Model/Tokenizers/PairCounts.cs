using System.Runtime.InteropServices;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// How often each pair of tokens stands side by side in the words of a text, kept up to date from merge to merge: a merge touches the
/// places where its pair stands, and no other. The words lie one behind the other, and every place knows its neighbours and the other places
/// of the pair that begins at it, so that even a word of megabytes costs no more than its merges.
/// </summary>
internal sealed class PairCounts
{
    private const int None = -1;
    private const int MostPlaces = 1 << 28; // they take 32 bytes each

    private readonly List<byte[]> _tokens;
    private readonly Dictionary<(int Left, int Right), int> _indices = [];
    private readonly List<Pair> _pairs = [];
    private readonly PriorityQueue<int, (long Count, int Pair)> _queue;
    private readonly List<int> _changed = [];

    // By place:
    private readonly int[] _ids;
    private readonly long[] _counts; // how often the word was seen
    private readonly int[] _previous;
    private readonly int[] _next;
    private readonly int[] _pairOf; // the pair that begins here
    private readonly int[] _previousOfPair;
    private readonly int[] _nextOfPair;

    /// <param name="words">The words by their tokens, and how often they were seen.</param>
    /// <param name="tokens">The bytes of every token; it grows with the vocabulary.</param>
    public PairCounts(IEnumerable<(int[] Ids, long Count)> words, List<byte[]> tokens)
    {
        _tokens = tokens;
        _queue = new PriorityQueue<int, (long, int)>(Comparer<(long Count, int Pair)>.Create(Compare));
        (int[] Ids, long Count)[] all = [.. words];
        long length = all.Sum(word => (long)word.Ids.Length);
        Require.That(length <= MostPlaces, $"the different words of the text have {length} parts together, at most {MostPlaces} expected");
        int places = (int)length;
        _ids = new int[places];
        _counts = new long[places];
        (_previous, _next) = (new int[places], new int[places]);
        (_pairOf, _previousOfPair, _nextOfPair) = (new int[places], new int[places], new int[places]);
        int start = 0;
        foreach ((int[] ids, long count) in all)
        {
            for (int i = 0; i < ids.Length; i++)
            {
                int place = start + i;
                (_ids[place], _counts[place], _pairOf[place]) = (ids[i], count, None);
                (_previous[place], _next[place]) = (i > 0 ? place - 1 : None, i + 1 < ids.Length ? place + 1 : None);
            }
            for (int place = start; place < start + ids.Length - 1; place++)
                Link(place);
            start += ids.Length;
        }
        QueueChanged();
    }

    /// <summary>Takes the most frequent pair, of equal ones that with the greater bytes; false where no two tokens stand side by side.</summary>
    public bool TryTakeMostFrequent(out int left, out int right)
    {
        while (_queue.TryDequeue(out int index, out (long Count, int Pair) queued))
        {
            Pair pair = _pairs[index];
            if (pair.Count == queued.Count && pair.Count > 0)
            {
                (left, right) = (pair.Left, pair.Right);
                return true;
            }
            // Its count has fallen since it was queued; where it has risen, it was queued again.
            if (pair.Count > 0 && pair.Count < queued.Count)
                _queue.Enqueue(index, (pair.Count, index));
        }
        (left, right) = (None, None);
        return false;
    }

    /// <summary>Joins a pair wherever it stands.</summary>
    public void Merge(int left, int right, int result)
    {
        List<int> places = [];
        for (int place = _pairs[_indices[(left, right)]].First; place != None; place = _nextOfPair[place])
            places.Add(place);
        if (left == right)
            places.Sort(); // aaa is joined from the left: aa a
        foreach (int place in places)
        {
            int second = _next[place];
            if (_ids[place] == left && second != None && _ids[second] == right)
                Join(place, second, result);
        }
        QueueChanged();
    }

    private void Join(int place, int second, int result)
    {
        int before = _previous[place], after = _next[second];
        Unlink(place);
        if (before != None)
            Unlink(before);
        if (after != None)
            Unlink(second);
        (_ids[place], _ids[second]) = (result, None);
        _next[place] = after;
        if (after != None)
            _previous[after] = place;
        if (before != None)
            Link(before);
        if (after != None)
            Link(place);
    }

    /// <summary>Counts the pair that begins at a place.</summary>
    private void Link(int place)
    {
        (int, int) key = (_ids[place], _ids[_next[place]]);
        ref int index = ref CollectionsMarshal.GetValueRefOrAddDefault(_indices, key, out bool known);
        if (!known)
        {
            index = _pairs.Count;
            _pairs.Add(new Pair { Left = key.Item1, Right = key.Item2, First = None });
        }
        ref Pair pair = ref CollectionsMarshal.AsSpan(_pairs)[index];
        pair.Count += _counts[place];
        (_pairOf[place], _previousOfPair[place], _nextOfPair[place]) = (index, None, pair.First);
        if (pair.First != None)
            _previousOfPair[pair.First] = place;
        pair.First = place;
        if (!pair.IsChanged)
        {
            pair.IsChanged = true;
            _changed.Add(index);
        }
    }

    /// <summary>Counts the pair that begins at a place no longer.</summary>
    private void Unlink(int place)
    {
        ref Pair pair = ref CollectionsMarshal.AsSpan(_pairs)[_pairOf[place]];
        pair.Count -= _counts[place];
        int before = _previousOfPair[place], after = _nextOfPair[place];
        if (before != None)
            _nextOfPair[before] = after;
        else
            pair.First = after;
        if (after != None)
            _previousOfPair[after] = before;
    }

    /// <summary>Queues the pairs whose counts have risen.</summary>
    private void QueueChanged()
    {
        foreach (int index in _changed)
        {
            ref Pair pair = ref CollectionsMarshal.AsSpan(_pairs)[index];
            pair.IsChanged = false;
            if (pair.Count > 0)
                _queue.Enqueue(index, (pair.Count, index));
        }
        _changed.Clear();
    }

    private int Compare((long Count, int Pair) a, (long Count, int Pair) b)
    {
        if (a.Count != b.Count)
            return b.Count.CompareTo(a.Count);
        (Pair x, Pair y) = (_pairs[a.Pair], _pairs[b.Pair]);
        int left = _tokens[y.Left].AsSpan().SequenceCompareTo(_tokens[x.Left]);
        return left != 0 ? left : _tokens[y.Right].AsSpan().SequenceCompareTo(_tokens[x.Right]);
    }

    private struct Pair
    {
        public int Left;
        public int Right;
        public long Count;
        public int First; // of its places
        public bool IsChanged;
    }
}
