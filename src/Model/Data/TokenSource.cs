namespace MiniGpt.Model.Data;

/// <summary>A sequence of token ids, in memory or in a file. Several threads may read at once.</summary>
public abstract class TokenSource
{
    private const int ReadAtOnce = 1 << 14;

    /// <summary>n: how many tokens there are.</summary>
    public abstract long Length { get; }

    /// <summary>Reads the tokens from <paramref name="start"/> on, as many as <paramref name="destination"/> has room for.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The sequence does not reach so far.</exception>
    public void Read(long start, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - destination.Length);
        ReadRange(start, destination);
    }

    /// <summary>Tokens in memory, at two bytes each where the vocabulary allows it.</summary>
    /// <exception cref="ArgumentException">An id is not in a vocabulary of this size.</exception>
    public static TokenSource FromIds(ReadOnlySpan<int> ids, int vocabularySize)
    {
        for (int i = 0; i < ids.Length; i++)
            Require.That((uint)ids[i] < (uint)vocabularySize, $"token {i} has the id {ids[i]}, 0 to {vocabularySize - 1} expected");
        if (vocabularySize > ushort.MaxValue + 1)
            return new WideTokens(ids.ToArray());
        ushort[] narrow = new ushort[ids.Length];
        for (int i = 0; i < ids.Length; i++)
            narrow[i] = (ushort)ids[i];
        return new NarrowTokens(narrow);
    }

    /// <summary>A part of the sequence, which stays where it is.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part is not inside.</exception>
    public TokenSource Slice(long start, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Length - length);
        return new TokenSlice(this, start, length);
    }

    /// <summary>Several sequences, one after the other.</summary>
    public static TokenSource Concatenate(IReadOnlyList<TokenSource> parts) => parts.Count == 1 ? parts[0] : new TokenChain([.. parts]);

    /// <summary>The largest id, found by reading all of them; -1 where there is none. What is no id at all counts as the largest there can be.</summary>
    /// <param name="cancellationToken">Ends the reading without a result.</param>
    public int MaxId(CancellationToken cancellationToken = default)
    {
        int largest = -1;
        ReadAll(ids => largest = Math.Max(largest, MaxId(ids)), cancellationToken);
        return largest;
    }

    /// <summary>Gives all tokens to a sink, a few thousand at once.</summary>
    internal void ReadAll(TokenSink sink, CancellationToken cancellationToken)
    {
        foreach (ArraySegment<int> ids in Chunks())
        {
            cancellationToken.ThrowIfCancellationRequested();
            sink(ids);
        }
    }

    private protected static int MaxId(ReadOnlySpan<int> ids)
    {
        uint largest = 0;
        foreach (int id in ids)
            largest = Math.Max(largest, (uint)id);
        return (int)Math.Min(largest, int.MaxValue);
    }

    /// <summary>Whether an id is among them; they are read up to the first.</summary>
    public bool Contains(int id) => Chunks().Any(ids => ids.AsSpan().Contains(id));

    /// <summary>Reads a range that is known to be inside the sequence.</summary>
    protected abstract void ReadRange(long start, Span<int> destination);

    /// <summary>All of them, in order; each piece is valid until the next.</summary>
    private IEnumerable<ArraySegment<int>> Chunks()
    {
        int[] chunk = new int[(int)Math.Min(Length, ReadAtOnce)];
        for (long start = 0; start < Length; start += chunk.Length)
        {
            ArraySegment<int> ids = new(chunk, 0, (int)Math.Min(chunk.Length, Length - start));
            ReadRange(start, ids);
            yield return ids;
        }
    }

    private sealed class NarrowTokens(ushort[] ids) : TokenSource
    {
        public override long Length => ids.Length;

        protected override void ReadRange(long start, Span<int> destination)
        {
            ReadOnlySpan<ushort> range = ids.AsSpan((int)start, destination.Length);
            for (int i = 0; i < range.Length; i++)
                destination[i] = range[i];
        }
    }

    private sealed class WideTokens(int[] ids) : TokenSource
    {
        public override long Length => ids.Length;

        protected override void ReadRange(long start, Span<int> destination) =>
            ids.AsSpan((int)start, destination.Length).CopyTo(destination);
    }

    private sealed class TokenSlice(TokenSource whole, long offset, long length) : TokenSource
    {
        public override long Length => length;

        protected override void ReadRange(long start, Span<int> destination) => whole.ReadRange(offset + start, destination);
    }

    private sealed class TokenChain(TokenSource[] parts) : TokenSource
    {
        public override long Length { get; } = parts.Sum(part => part.Length);

        protected override void ReadRange(long start, Span<int> destination)
        {
            foreach (TokenSource part in parts)
            {
                int count = (int)Math.Clamp(part.Length - start, 0, destination.Length);
                if (count > 0)
                    part.ReadRange(start, destination[..count]);
                destination = destination[count..];
                start = Math.Max(0, start - part.Length);
            }
        }
    }
}
