using MiniGpt.Tensors;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// The processes that train one model together, each with a number, its rank, and what they do together. Every rank makes the same calls in
/// the same order. Sums are none of it: in which order numbers are added is decided here in the house, so that no bit depends on the number
/// of ranks or on who carries the messages.
/// </summary>
public interface ICollective : IDisposable
{
    /// <summary>The number of this process, from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes there are.</summary>
    int Size { get; }

    /// <summary>Sends bytes of one rank to all others; returns when they may be used.</summary>
    /// <param name="data">The bytes: read where they come from, written everywhere else, of one length on all ranks.</param>
    /// <param name="root">The rank that they come from.</param>
    void Broadcast(Span<byte> data, int root = 0);

    /// <summary>Brings bytes of all ranks to all ranks.</summary>
    /// <param name="own">This rank's, of one length on all ranks.</param>
    /// <param name="all">Room for those of rank 0, of rank 1, and so on.</param>
    void AllGather(ReadOnlySpan<byte> own, Span<byte> all);

    /// <summary>Returns when all ranks have called it.</summary>
    void Barrier();

    /// <summary>Begins to send numbers to another rank. Those that are sent from one rank to another arrive in their order.</summary>
    /// <param name="numbers">The numbers, contiguous; not to be changed before the transfer is done.</param>
    /// <param name="to">The rank that receives them.</param>
    Transfer Send<T>(Tensor<T> numbers, int to)
        where T : unmanaged;

    /// <summary>Begins to receive numbers from another rank.</summary>
    /// <param name="numbers">Room for as many as are sent, contiguous; not to be touched before the transfer is done.</param>
    /// <param name="from">The rank that sends them.</param>
    Transfer Receive<T>(Tensor<T> numbers, int from)
        where T : unmanaged;

    /// <summary>Whether a transfer is done; once it is, it stays so. Asking moves all transfers on.</summary>
    bool IsDone(ref Transfer transfer);

    /// <summary>Waits until a transfer is done.</summary>
    void Wait(ref Transfer transfer);

    /// <summary>Ends all ranks, at once and wherever they are, because this one cannot go on.</summary>
    /// <param name="exitCode">The exit code of the processes.</param>
    void Abort(int exitCode);
}

/// <summary>Numbers on their way from one rank to another.</summary>
/// <param name="Handle">What whoever carries them knows them by; 0 when they have arrived.</param>
/// <param name="Peer">The rank at the other end.</param>
public record struct Transfer(nint Handle, int Peer);
