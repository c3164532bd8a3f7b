namespace MiniGpt.Model.Files;

/// <summary>
/// A stream of which every read ends with an <see cref="OperationCanceledException"/> once it is cancelled, though reading from a pipe or a
/// terminal cannot be interrupted by itself: a thread of the pool waits, and where an interruption comes first it is left behind, to end with
/// the process.
/// </summary>
/// <param name="input">What to read, closed with this.</param>
/// <param name="cancellationToken">Ends the waiting.</param>
public sealed class WaitingStream(Stream input, CancellationToken cancellationToken) : ReadOnlyStream
{
    // Of its own: a read that was left behind still writes into it.
    private readonly byte[] _buffer = new byte[1 << 16];

    /// <summary>Does what may wait for somebody else.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before it was done.</exception>
    public static T Await<T>(Func<T> wait, CancellationToken cancellationToken) =>
        Task.Run(wait, cancellationToken).WaitAsync(cancellationToken).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer)
    {
        int most = Math.Min(buffer.Length, _buffer.Length);
        int read = Await(() => input.Read(_buffer, 0, most), cancellationToken);
        _buffer.AsSpan(0, read).CopyTo(buffer);
        return read;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            input.Dispose();
        base.Dispose(disposing);
    }
}
