using MiniGpt.Tensors;

namespace MiniGpt.Model.Distribution;

/// <summary>A process that trains alone.</summary>
public sealed class OneRank : ICollective
{
    private OneRank()
    {
    }

    /// <summary>The only one.</summary>
    public static OneRank Instance { get; } = new();

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public void Broadcast(Span<byte> data, int root = 0)
    {
    }

    /// <inheritdoc/>
    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => own.CopyTo(all);

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    public Transfer Send<T>(Tensor<T> numbers, int to)
        where T : unmanaged => throw Alone(to);

    /// <inheritdoc/>
    public Transfer Receive<T>(Tensor<T> numbers, int from)
        where T : unmanaged => throw Alone(from);

    /// <inheritdoc/>
    public bool IsDone(ref Transfer transfer) => true;

    /// <inheritdoc/>
    public void Wait(ref Transfer transfer)
    {
    }

    /// <inheritdoc/>
    public void Abort(int exitCode) => Environment.Exit(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static ArgumentOutOfRangeException Alone(int rank) => new(nameof(rank), $"There is no rank {rank}: this process trains alone.");
}
