namespace MiniGpt.Server.Http;

/// <summary>Work that gets all of the machine: one piece at a time, the others wait for their turn.</summary>
/// <param name="mostWaiting">How many may wait.</param>
internal sealed class Turns(int mostWaiting) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private int _asked;

    /// <summary>Does a piece of work in its turn.</summary>
    /// <exception cref="ApiException">Too many wait already.</exception>
    public async Task<TResult> Take<TResult>(Func<TResult> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _asked) > 1 + mostWaiting)
        {
            Interlocked.Decrement(ref _asked);
            throw ApiException.Busy();
        }

        try
        {
            await _one.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                return await Task.Run(work, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _one.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _asked);
        }
    }

    public void Dispose() => _one.Dispose();
}
