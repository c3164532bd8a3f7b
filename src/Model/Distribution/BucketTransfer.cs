using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tensors.Storage;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// A bucket on its way: its sums go to the ranks that need them, and theirs come here and are added along the tree. Its memory is used for one
/// bucket after the other.
/// </summary>
internal sealed class BucketTransfer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly ICollective _ranks;
    private readonly GradientAccumulation<T> _sums;
    private readonly Tensor<T> _gradients;
    private readonly MicroBatches _all;
    private readonly int[] _rootsOf; // of each rank
    private readonly Dictionary<MicroBatches, (int Rank, int Root)> _places = [];
    private readonly int[] _firstReceived;
    private readonly Transfer[] _transfers;
    private readonly Tensor<T> _sent, _received;
    private readonly Tensor<ushort> _sentRounded, _receivedRounded;
    private readonly bool _rounds;
    private GradientBucket? _bucket;
    private int _pending;

    /// <summary>Makes room for any of some buckets.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="gradients">The gradients of this rank.</param>
    /// <param name="sums">What this rank has to send, and where the sums of all go.</param>
    /// <param name="count">The micro-batches of a step.</param>
    /// <param name="buckets">The buckets.</param>
    /// <param name="wire">How numbers travel.</param>
    public BucketTransfer(ICollective ranks, Tensor<T> gradients, GradientAccumulation<T> sums, int count, GradientBucket[] buckets, WireType wire)
    {
        (_ranks, _gradients, _sums, _all, _rounds) = (ranks, gradients, sums, new(0, count), wire == WireType.BFloat16);
        _rootsOf = new int[ranks.Size];
        _firstReceived = new int[ranks.Size];
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            IReadOnlyList<MicroBatches> roots = MicroBatchTree.Roots(count, MicroBatchTree.ShareOf(count, rank, ranks.Size));
            _rootsOf[rank] = roots.Count;
            for (int root = 0; root < roots.Count; root++)
                _places.Add(roots[root], (rank, root));
        }
        _transfers = new Transfer[2 * (ranks.Size - 1)];
        int sent = Math.Max(1, buckets.Max(bucket => sums.Roots.Count * (bucket.Lengths.Sum() - bucket.Lengths[ranks.Rank])));
        int received = Math.Max(1, buckets.Max(bucket => bucket.Lengths[ranks.Rank] * (_rootsOf.Sum() - sums.Roots.Count)));
        _received = new Tensor<T>([received]);
        if (_rounds)
            (_sentRounded, _receivedRounded) = (new Tensor<ushort>([sent]), new Tensor<ushort>([received]));
        else
            _sent = new Tensor<T>([sent]);
    }

    /// <summary>Whether nothing is on its way.</summary>
    public bool IsFree => _bucket is null;

    /// <summary>Begins with a bucket, of which this rank's sums are complete.</summary>
    public void Start(GradientBucket bucket)
    {
        _bucket = bucket;
        _pending = 0;
        int sent = 0, received = 0;
        for (int distance = 1; distance < _ranks.Size; distance++)
        {
            // Each begins with another neighbour, so that they do not all wait for the same one.
            int from = (_ranks.Rank + _ranks.Size - distance) % _ranks.Size;
            int length = bucket.Lengths[_ranks.Rank] * _rootsOf[from];
            _firstReceived[from] = received;
            if (length > 0)
                _transfers[_pending++] = Receive(received, length, from);
            received += length;
        }
        for (int distance = 1; distance < _ranks.Size; distance++)
        {
            int to = (_ranks.Rank + distance) % _ranks.Size, first = sent;
            for (int root = 0; root < _sums.Roots.Count; root++)
            {
                foreach (FlatRange range in bucket.ByRank[to])
                {
                    Pack(_sums.Sum(root).Slice(0, range.Start, range.Length), sent);
                    sent += range.Length;
                }
            }
            if (sent > first)
                _transfers[_pending++] = Send(first, sent - first, to);
        }
    }

    /// <summary>Whether it has arrived; then the sums are where they belong, and the next bucket can begin.</summary>
    public bool TryFinish()
    {
        if (_bucket is null)
            return true;
        while (_pending > 0)
        {
            if (!_ranks.IsDone(ref _transfers[_pending - 1]))
                return false;
            _pending--;
        }
        AddUp(_bucket);
        _bucket = null;
        return true;
    }

    /// <summary>Waits until it has arrived.</summary>
    public void Finish()
    {
        for (; _bucket is not null && _pending > 0; _pending--)
            _ranks.Wait(ref _transfers[_pending - 1]);
        TryFinish();
    }

    private Transfer Send(int first, int length, int to) =>
        _rounds ? _ranks.Send(_sentRounded.Slice(0, first, length), to) : _ranks.Send(_sent.Slice(0, first, length), to);

    private Transfer Receive(int first, int length, int from) =>
        _rounds ? _ranks.Receive(_receivedRounded.Slice(0, first, length), from) : _ranks.Receive(_received.Slice(0, first, length), from);

    private void Pack(Tensor<T> numbers, int first)
    {
        if (_rounds)
            Narrowing.Convert<T>(numbers.Span, StoredType.BF16, MemoryMarshal.AsBytes(_sentRounded.Slice(0, first, (int)numbers.Count).Span));
        else
            Elementwise.Copy(numbers, _sent.Slice(0, first, (int)numbers.Count));
    }

    private void AddUp(GradientBucket bucket)
    {
        int own = bucket.Lengths[_ranks.Rank], offset = 0;
        int received = own * (_rootsOf.Sum() - _sums.Roots.Count);
        if (_rounds && received > 0)
            Widening.Convert(MemoryMarshal.AsBytes(_receivedRounded.Span[..received]), StoredType.BF16, _received.Span[..received]);
        foreach (FlatRange range in bucket.ByRank[_ranks.Rank])
        {
            Tensor<T> sum = Sum(_all, range, own, offset), place = _gradients.Slice(0, range.Start, range.Length);
            if (!Unsafe.AreSame(ref sum.Span[0], ref place.Span[0]))
                Elementwise.Copy(sum, place);
            offset += range.Length;
        }
    }

    /// <summary>The sum of a node of the tree, in the memory of its first part.</summary>
    private Tensor<T> Sum(MicroBatches node, FlatRange range, int own, int offset)
    {
        if (_places.TryGetValue(node, out (int Rank, int Root) place))
        {
            return place.Rank == _ranks.Rank
                ? _sums.Sum(place.Root).Slice(0, range.Start, range.Length)
                : _received.Slice(0, _firstReceived[place.Rank] + place.Root * own + offset, range.Length);
        }
        Tensor<T> left = Sum(node.Left, range, own, offset), right = Sum(node.Right, range, own, offset);
        Elementwise.Add(left, right, left);
        return left;
    }
}
