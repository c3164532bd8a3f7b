namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Merges a long sequence of tokens with a priority queue of its pairs: n tokens take time in the order of n log n, also where a megabyte
/// of text has no space in it.
/// </summary>
/// <param name="table">Finds the merge of two tokens.</param>
/// <param name="resultOf">The token that a merge gives.</param>
/// <param name="priorityOf">Which merges come first, the lowest; of equals the leftmost. Left out, a merge's own number.</param>
internal sealed class MergeQueue(MergeTable table, Func<int, int> resultOf, Func<int, int>? priorityOf = null)
{
    private readonly PriorityQueue<int, long> _queue = new(); // places by rank, and by place among equals
    private int[] _previous = [];
    private int[] _next = [];
    private int[] _ranks = []; // of the pair that begins at a place; what the queue says of it otherwise is out of date

    /// <summary>Merges in place and returns how many tokens are left.</summary>
    public int Merge(Span<int> ids)
    {
        Prepare(ids);
        while (_queue.TryDequeue(out int place, out long priority))
        {
            int rank = _ranks[place];
            if (rank == MergeTable.None || Priority(rank) != (int)(priority >> 32))
                continue;
            ids[place] = resultOf(rank);
            int gone = _next[place], after = _next[gone];
            _ranks[gone] = MergeTable.None;
            _next[place] = after;
            if (after < ids.Length)
                _previous[after] = place;
            Look(ids, place);
            if (_previous[place] >= 0)
                Look(ids, _previous[place]);
        }

        int count = 0;
        for (int place = 0; place < ids.Length; place = _next[place])
            ids[count++] = ids[place];
        return count;
    }

    private void Prepare(Span<int> ids)
    {
        if (_next.Length < ids.Length)
            (_previous, _next, _ranks) = (new int[ids.Length], new int[ids.Length], new int[ids.Length]);
        _queue.Clear();
        _queue.EnsureCapacity(ids.Length);
        for (int place = 0; place < ids.Length; place++)
            (_previous[place], _next[place]) = (place - 1, place + 1);
        for (int place = 0; place < ids.Length; place++)
            Look(ids, place);
    }

    private void Look(Span<int> ids, int place)
    {
        int next = _next[place];
        int rank = next < ids.Length ? table.RankOf(ids[place], ids[next]) : MergeTable.None;
        _ranks[place] = rank;
        if (rank != MergeTable.None)
            _queue.Enqueue(place, ((long)Priority(rank) << 32) | (uint)place);
    }

    private int Priority(int rank) => priorityOf?.Invoke(rank) ?? rank;
}
