using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using MiniGpt.Model.Distribution;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Distribution;

/// <summary>Ranks that are threads of one process: what they send is copied, and arrives in its order.</summary>
internal sealed class ThreadRanks : ICollective
{
    private readonly World _world;
    private readonly Dictionary<nint, Action> _arrivals = [];
    private readonly Dictionary<int, Queue<nint>> _order = [];
    private nint _next;

    private ThreadRanks(World world, int rank) => (_world, Rank) = (world, rank);

    public int Rank { get; }

    public int Size => _world.Size;

    /// <summary>Bytes that this rank has sent to others.</summary>
    public long Sent { get; private set; }

    /// <summary>Does the same on each of some ranks at once; what one throws is thrown.</summary>
    public static T[] Run<T>(int size, Func<ThreadRanks, T> work)
    {
        World world = new(size);
        T[] results = new T[size];
        Exception?[] failures = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = work(new ThreadRanks(world, rank));
            }
            catch (Exception exception)
            {
                failures[rank] = exception;
                world.Fail();
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (failures.FirstOrDefault(failure => failure is not null and not BrokenException) is Exception first)
            throw new AggregateException(first);
        return results;
    }

    public void Broadcast(Span<byte> data, int root = 0)
    {
        if (Rank == root)
            _world.Board[root] = data.ToArray();
        _world.Meet();
        if (Rank != root)
            _world.Board[root]!.CopyTo(data);
        _world.Meet();
    }

    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        _world.Board[Rank] = own.ToArray();
        _world.Meet();
        for (int rank = 0; rank < Size; rank++)
            _world.Board[rank]!.CopyTo(all[(rank * own.Length)..]);
        _world.Meet();
    }

    public void Barrier() => _world.Meet();

    public Transfer Send<T>(Tensor<T> numbers, int to)
        where T : unmanaged
    {
        byte[] copy = MemoryMarshal.AsBytes(numbers.Span).ToArray();
        Sent += copy.Length;
        _world.Box(Rank, to).Add(copy);
        return new(0, to);
    }

    public Transfer Receive<T>(Tensor<T> numbers, int from)
        where T : unmanaged
    {
        nint handle = ++_next;
        _arrivals[handle] = () =>
        {
            byte[] bytes = _world.Box(from, Rank).Take(_world.Broken);
            Assert.Equal(MemoryMarshal.AsBytes(numbers.Span).Length, bytes.Length);
            bytes.CopyTo(MemoryMarshal.AsBytes(numbers.Span));
        };
        if (!_order.TryGetValue(from, out Queue<nint>? order))
            _order[from] = order = new();
        order.Enqueue(handle);
        return new(handle, from);
    }

    public bool IsDone(ref Transfer transfer)
    {
        if (transfer.Handle == 0)
            return true;
        Queue<nint> order = _order[transfer.Peer];
        while (order.Count > 0 && _world.Box(transfer.Peer, Rank).Count > 0 && _arrivals.ContainsKey(transfer.Handle))
            Take(order.Dequeue());
        if (_arrivals.ContainsKey(transfer.Handle))
            return false;
        transfer.Handle = 0;
        return true;
    }

    public void Wait(ref Transfer transfer)
    {
        while (transfer.Handle != 0 && _arrivals.ContainsKey(transfer.Handle))
            Take(_order[transfer.Peer].Dequeue());
        transfer.Handle = 0;
    }

    public void Abort(int exitCode) => _world.Fail();

    public void Dispose()
    {
    }

    private void Take(nint handle)
    {
        try
        {
            _arrivals[handle]();
        }
        catch (OperationCanceledException)
        {
            throw new BrokenException();
        }
        _arrivals.Remove(handle);
    }

    /// <summary>Another rank has failed.</summary>
    private sealed class BrokenException : Exception;

    private sealed class World(int size)
    {
        private readonly ConcurrentDictionary<(int From, int To), BlockingCollection<byte[]>> _boxes = [];
        private readonly Barrier _barrier = new(size);
        private readonly CancellationTokenSource _broken = new();

        public int Size => size;

        public byte[]?[] Board { get; } = new byte[size][];

        public CancellationToken Broken => _broken.Token;

        public BlockingCollection<byte[]> Box(int from, int to) => _boxes.GetOrAdd((from, to), _ => []);

        public void Fail() => _broken.Cancel();

        public void Meet()
        {
            try
            {
                _barrier.SignalAndWait(_broken.Token);
            }
            catch (OperationCanceledException)
            {
                throw new BrokenException();
            }
        }
    }
}
