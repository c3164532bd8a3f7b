using System.Diagnostics;
using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// Brings the gradients of all ranks together, bucket by bucket, while the last backward pass of a step still runs: each rank has the sum
/// over all micro-batches where it needs it, added along the tree.
/// </summary>
internal sealed class GradientExchange<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // 1 MB in single precision at the least: its latency counts little beside its bytes, and most of them are sent before the pass is over.
    private const int NumbersOfBucket = 1 << 18;
    private const int MostBuckets = 64;
    private const int MostOnTheirWay = 4;

    private readonly GradientAccumulation<T> _sums;
    private readonly Parameter<T>[] _parameters;
    private readonly BackwardOrder<T> _order;
    private readonly GradientBucket[] _buckets;
    private readonly BucketTransfer<T>[] _transfers;
    private readonly int[] _writes;
    private readonly int _rank;
    private int _started, _finished;
    private bool _overlaps;
    private long _arrived, _arrivedOnTheWay; // buckets' numbers

    /// <summary>Makes an exchange among ranks.</summary>
    /// <param name="ranks">The ranks, more than one.</param>
    /// <param name="parameters">The parameters, with places for their gradients.</param>
    /// <param name="sums">The sums of this rank.</param>
    /// <param name="count">The micro-batches of a step.</param>
    /// <param name="ownership">Which rank needs what.</param>
    /// <param name="wire">How numbers travel.</param>
    public GradientExchange(
        ICollective ranks, ParameterSet<T> parameters, GradientAccumulation<T> sums, int count, Ownership ownership, WireType wire)
    {
        (_sums, _rank) = (sums, ranks.Rank);
        _parameters = [.. parameters.Trained];
        _writes = new int[_parameters.Length];
        _order = new BackwardOrder<T>(_parameters);
        _buckets = GradientBucket.Of(parameters, ownership, Math.Max(NumbersOfBucket, parameters.Gradients.Shape[0] / MostBuckets));
        _transfers = [.. Enumerable.Range(0, Math.Min(MostOnTheirWay, _buckets.Length))
            .Select(_ => new BucketTransfer<T>(ranks, parameters.Gradients, sums, count, _buckets, wire))];
    }

    /// <summary>The time in which there was nothing else to do.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>The share of what this rank needs that was there before the backward pass was over.</summary>
    public double HiddenShare => _arrived > 0 ? (double)_arrivedOnTheWay / _arrived : 0;

    /// <summary>Begins a backward pass.</summary>
    /// <param name="nodes">The nodes that it goes through.</param>
    /// <param name="isLast">Whether the sums are complete with it.</param>
    public void Begin(int nodes, bool isLast)
    {
        _overlaps = _order.Begin(nodes) && isLast;
        (_started, _finished) = (0, 0);
        Array.Fill(_writes, -1);
    }

    /// <summary>A node has run backward: what is complete is sent, what has arrived is added.</summary>
    /// <param name="left">How many nodes are left.</param>
    /// <param name="profile">Where the time is counted.</param>
    public void Passed(int left, Profile? profile)
    {
        _order.Passed(left);
        if (!_overlaps)
            return;
        int before = _started + _finished;
        Move();
        while (_started < _buckets.Length && IsComplete(_buckets[_started], left) && Next.IsFree)
            Start();
        if (_started + _finished > before)
            profile?.Lap("Gradients sent and added on the way");
    }

    /// <summary>Sends the rest, all gradients being complete, and returns when the sums are there.</summary>
    /// <exception cref="InvalidOperationException">A gradient was written to after it had been sent.</exception>
    public void Finish()
    {
        long start = Stopwatch.GetTimestamp();
        CheckSent();
        while (_finished < _buckets.Length)
        {
            if (_started < _buckets.Length && Next.IsFree)
            {
                Start();
                continue;
            }
            _transfers[_finished % _transfers.Length].Finish();
            _arrived += LengthOf(_finished++);
        }
        Waited += Stopwatch.GetElapsedTime(start);
    }

    private int LengthOf(int bucket) => _buckets[bucket].Lengths[_rank];

    private BucketTransfer<T> Next => _transfers[_started % _transfers.Length];

    private void Start()
    {
        GradientBucket bucket = _buckets[_started];
        foreach (FlatRange range in bucket.Ranges)
            _sums.Complete(range.Start, range.Length);
        foreach (int parameter in bucket.Parameters)
            _writes[parameter] = _writes[parameter] < 0 ? _parameters[parameter].Variable.GradientWrites : _writes[parameter];
        Next.Start(bucket);
        _started++;
    }

    /// <summary>Takes what has arrived, in the order in which it was sent.</summary>
    private void Move()
    {
        while (_finished < _started && _transfers[_finished % _transfers.Length].TryFinish())
        {
            _arrivedOnTheWay += LengthOf(_finished);
            _arrived += LengthOf(_finished++);
        }
    }

    private bool IsComplete(GradientBucket bucket, int left)
    {
        foreach (int parameter in bucket.Parameters)
        {
            if (left > _order.CompleteAt(parameter))
                return false;
        }
        return left > 0;
    }

    private void CheckSent()
    {
        for (int bucket = 0; bucket < _started; bucket++)
        {
            foreach (int parameter in _buckets[bucket].Parameters)
            {
                if (_writes[parameter] != _parameters[parameter].Variable.GradientWrites)
                    throw new InvalidOperationException($"{_parameters[parameter].Name} got a gradient after it had been sent: the graph is another one than before, of as many nodes.");
            }
        }
    }
}
