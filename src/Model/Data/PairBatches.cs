using MiniGpt.Tensors;

namespace MiniGpt.Model.Data;

/// <summary>
/// Batches of sentence pairs of similar lengths, so that little of a batch is padding. Each pass over the pairs goes in another order. What a
/// batch holds is a function of the step alone, so a resumed run goes on with the batches that it would have had.
/// </summary>
public sealed class PairBatches
{
    private const int BatchesOfPool = 50; // within which pairs are put in the order of their lengths

    private readonly TokenPairs _pairs;
    private readonly ulong _seed;
    private readonly int[] _order;
    private readonly int[] _batches;
    private long _pass = -1;

    /// <summary>Batches of pairs.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="batchSize">B: the pairs of a batch.</param>
    /// <param name="seed">Decides the order.</param>
    /// <exception cref="ArgumentException">The pairs are too few for one batch.</exception>
    public PairBatches(TokenPairs pairs, int batchSize, ulong seed)
    {
        Require.Positive(batchSize, "batch size");
        Require.That(pairs.Count >= batchSize, $"{pairs.Count} sentence pairs are too few: a batch has {batchSize}");
        (_pairs, BatchSize, _seed) = (pairs, batchSize, seed);
        _order = new int[pairs.Count];
        _batches = new int[pairs.Count / batchSize];
    }

    /// <summary>B: the pairs of a batch.</summary>
    public int BatchSize { get; }

    /// <summary>The pairs of a batch.</summary>
    /// <param name="number">Which batch, from 0, over all passes.</param>
    /// <returns>Their places; valid until the next call.</returns>
    public ReadOnlySpan<int> At(long number)
    {
        (long pass, long batch) = Math.DivRem(number, _batches.Length);
        if (pass != _pass)
            Begin(pass);
        return _order.AsSpan(_batches[batch] * BatchSize, BatchSize);
    }

    private void Begin(long pass)
    {
        _pass = pass;
        RandomStream pairs = new(_seed, RandomPurpose.Batches, (ulong)pass, example: 0), batches = new(_seed, RandomPurpose.Batches, (ulong)pass, example: 1);
        for (int i = 0; i < _order.Length; i++)
            _order[i] = i;
        Shuffle(_order, pairs);
        int pool = BatchesOfPool * BatchSize;
        for (int start = 0; start < _order.Length; start += pool)
        {
            // Pairs of equal lengths stay in the order that chance gave them.
            int[] part = [.. _order.Skip(start).Take(pool)
                .OrderBy(pair => _pairs.Targets[pair].Length).ThenBy(pair => _pairs.Sources[pair].Length)];
            part.CopyTo(_order, start);
        }
        for (int i = 0; i < _batches.Length; i++)
            _batches[i] = i;
        Shuffle(_batches, batches);
    }

    private static void Shuffle(Span<int> items, in RandomStream stream)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = stream.Below((ulong)i, i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }
}
