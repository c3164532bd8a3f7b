using System.Runtime.InteropServices;
using MiniGpt.Model.Distribution;
using MiniGpt.Tensors;

namespace MiniGpt.Cluster;

/// <summary>
/// The ranks of an MPI program. Whatever waits does so here, by asking again and again: other processes get the processor, and a rank that has
/// died does not make the others wait for ever.
/// </summary>
/// <remarks>Its methods are called by one thread at a time.</remarks>
public sealed class MpiRanks : ICollective
{
    private const int Tag = 1;
    private const int MostBytes = 1 << 20; // at once, where bytes are copied to memory that does not move

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(30);

    private readonly MpiLibrary _mpi;
    private readonly Action<string> _complain;
    private Tensor<byte> _own = new([1]), _all = new([1]);
    private Peers? _peers;
    private bool _isCrowded;
    private bool _isOver;

    private MpiRanks(MpiLibrary mpi, int rank, int size, Action<string> complain) => (_mpi, Rank, Size, _complain) = (mpi, rank, size, complain);

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>The library, as it says of itself.</summary>
    public string Version => _mpi.Version;

    /// <summary>How many ranks run on this machine.</summary>
    public int RanksHere => _peers!.Here.Count;

    /// <summary>The number of this rank among those of its machine.</summary>
    public int RankHere => _peers!.RankHere;

    /// <summary>Whether this process was started together with others.</summary>
    public static bool WereStarted => Launch.Of(Environment.GetEnvironmentVariable).IsOfSeveral;

    /// <summary>Whether another of the processes that were started together is the one to say what keeps all of them from meeting.</summary>
    public static bool AnotherSpeaks => Launch.Of(Environment.GetEnvironmentVariable).Rank > 0;

    /// <summary>Joins the ranks that this process was started with.</summary>
    /// <param name="complain">Says in one line why all ranks end, where one of them has died or is silent for too long; null for standard error.</param>
    /// <exception cref="ClusterException">There is no MPI library, or not the one of whoever started the processes.</exception>
    public static MpiRanks Join(Action<string>? complain = null)
    {
        Launch launch = Launch.Of(Environment.GetEnvironmentVariable);
        MpiLibrary mpi = MpiLibrary.Load(launch);
        if (MpiNative.InitThread(0, 0, mpi.Kind.Serialized, out _) != 0)
            throw new ClusterException($"{mpi.Version} does not start");
        _ = MpiNative.CommRank(mpi.World, out int rank);
        _ = MpiNative.CommSize(mpi.World, out int size);
        MpiRanks ranks = new(mpi, rank, size, complain ?? Console.Error.WriteLine);
        if (launch.Processes is int processes && processes != size)
        {
            ranks.Dispose();
            throw new ClusterException($"{launch.Name} started {processes} processes, the library that was found, {mpi.Version}, sees {size}: "
                + $"they must be of one MPI; the mpirun of that library, or {MpiLibrary.PathVariable} with the path of the other's libmpi.so, expected");
        }
        ranks._peers = Peers.Meet(ranks);
        ranks._isCrowded = ranks._peers.Here.Count > Environment.ProcessorCount;
        return ranks;
    }

    /// <summary>A rank as messages call it.</summary>
    public string Name(int rank) => _peers!.Name(rank);

    /// <summary>How many threads this rank should use, so that those of one machine share its processors, of which it takes its own.</summary>
    public int TakeCores() => Cores.Take(_peers!.AmongSameCores);

    /// <inheritdoc/>
    public void Broadcast(Span<byte> data, int root = 0)
    {
        while (data.Length > 0)
        {
            Span<byte> part = data[..Math.Min(data.Length, MostBytes)], still = Still(ref _own, part.Length);
            if (Rank == root)
                part.CopyTo(still);
            Check(MpiNative.StartBroadcast(ref First(still), part.Length, _mpi.Byte, root, _mpi.World, out nint request));
            WaitFor(ref request, peer: Rank == root ? null : root);
            if (Rank != root)
                still.CopyTo(part);
            data = data[part.Length..];
        }
    }

    /// <inheritdoc/>
    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        if (own.Length == 0)
            return;
        Span<byte> still = Still(ref _own, own.Length), gathered = Still(ref _all, all.Length);
        own.CopyTo(still);
        Check(MpiNative.StartAllGather(ref First(still), own.Length, _mpi.Byte, ref First(gathered), own.Length, _mpi.Byte, _mpi.World, out nint request));
        WaitFor(ref request, peer: null);
        gathered.CopyTo(all);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        Check(MpiNative.StartBarrier(_mpi.World, out nint request));
        WaitFor(ref request, peer: null);
    }

    /// <inheritdoc/>
    public Transfer Send<T>(Tensor<T> numbers, int to)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(numbers.Span);
        Check(MpiNative.StartSend(ref First(bytes), bytes.Length, _mpi.Byte, to, Tag, _mpi.World, out nint request));
        return new(request, to);
    }

    /// <inheritdoc/>
    public Transfer Receive<T>(Tensor<T> numbers, int from)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(numbers.Span);
        Check(MpiNative.StartReceive(ref First(bytes), bytes.Length, _mpi.Byte, from, Tag, _mpi.World, out nint request));
        return new(request, from);
    }

    /// <inheritdoc/>
    public bool IsDone(ref Transfer transfer)
    {
        if (transfer.Handle == 0)
            return true;
        nint request = transfer.Handle;
        bool isDone = IsDone(ref request);
        transfer.Handle = isDone ? 0 : request;
        return isDone;
    }

    /// <inheritdoc/>
    public void Wait(ref Transfer transfer)
    {
        if (transfer.Handle == 0)
            return;
        nint request = transfer.Handle;
        WaitFor(ref request, transfer.Peer);
        transfer.Handle = 0;
    }

    /// <inheritdoc/>
    public void Abort(int exitCode)
    {
        _isOver = true;
        _ = MpiNative.Abort(_mpi.World, exitCode);
        Environment.Exit(exitCode);
    }

    /// <summary>Leaves the other ranks in good order: all of them do so.</summary>
    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        _ = MpiNative.Finalize();
    }

    private static ref byte First(Span<byte> bytes) => ref MemoryMarshal.GetReference(bytes);

    /// <summary>Memory that stays where it is while the library works on it.</summary>
    private static Span<byte> Still(ref Tensor<byte> memory, int length)
    {
        if (memory.Count < length)
            memory = new Tensor<byte>([length]);
        return memory.Span[..length];
    }

    private bool IsDone(ref nint request)
    {
        Check(MpiNative.Test(ref request, out int isDone, _mpi.Kind.IgnoredStatus));
        return isDone != 0;
    }

    private void WaitFor(ref nint request, int? peer)
    {
        if (IsDone(ref request))
            return;
        const int SpinsBeforeSleep = 50; // where there are more ranks than processors: a few yields first
        PeerWatch watch = new();
        SpinWait wait = default;
        bool wasGone = false;
        while (!IsDone(ref request))
        {
            wait.SpinOnce(_isCrowded ? SpinsBeforeSleep : -1);
            if (!watch.IsDue)
                continue;
            // One that has done its work leaves a moment before the last of its messages are seen here.
            int? dead = _peers?.FindDead();
            if (dead is int gone && wasGone)
                EndBecause(dead, $"{Name(gone)} has died");
            wasGone = dead is not null;
            if (watch.Elapsed > s_patience)
                EndBecause(peer, $"{(peer is int silent ? Name(silent) : "one of the ranks")} has not answered {Name(Rank)} for {s_patience.TotalMinutes:F0} minutes");
        }
    }

    /// <summary>Ends all ranks with one line.</summary>
    private void EndBecause(int? dead, string reason)
    {
        try
        {
            if (dead is not int rank || _peers!.Speaks(rank))
                _complain($"{reason}: all ranks end; the last checkpoint is whole, and the run can go on from it on any number of ranks");
        }
        finally
        {
            Abort(1);
        }
    }

    private void Check(int error)
    {
        if (error != 0)
            throw new ClusterException($"{_mpi.Version} reports error {error} to {Name(Rank)}");
    }
}
