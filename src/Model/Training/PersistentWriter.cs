using System.Diagnostics;

namespace MiniGpt.Model.Training;

/// <summary>
/// Writes what a run must not lose, and where that fails, because the disk is full or gone, says so and lets the run go on: what is on the
/// disk already stays whole, and the next attempt may find room.
/// </summary>
/// <param name="log">The log of the run, which must not lag behind what is written here.</param>
internal sealed class PersistentWriter(MetricsLog log)
{
    private static readonly TimeSpan s_shortestPause = TimeSpan.FromSeconds(2);

    private long? _failedAt;
    private TimeSpan _pause;
    private string _reason = "";

    /// <summary>Whether the last attempt failed long enough ago to try again. Attempts take at most a tenth of the time.</summary>
    public bool IsRetryDue => _failedAt is long failedAt && Stopwatch.GetElapsedTime(failedAt) >= _pause;

    /// <summary>One attempt.</summary>
    /// <param name="write">Writes, leaving what was there before if it fails.</param>
    /// <param name="tellOf">Is told what the system said if it failed.</param>
    public bool TryWrite(Action write, Action<string> tellOf)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            log.FlushToDisk();
            write();
            _failedAt = null;
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failedAt = Stopwatch.GetTimestamp();
            _pause = TimeSpan.FromTicks(Math.Max(s_shortestPause.Ticks, 10 * Stopwatch.GetElapsedTime(start).Ticks));
            _reason = error.Message;
            tellOf(_reason);
            return false;
        }
    }

    /// <summary>Attempts until one succeeds, with pauses: there is nothing left to do beside it. False if it was cancelled before one did.</summary>
    public bool TryUntilCancelled(Action write, Action<string> tellOf, CancellationToken cancellationToken)
    {
        while (!TryWrite(write, tellOf))
        {
            if (cancellationToken.WaitHandle.WaitOne(_pause))
                return false;
        }
        return true;
    }

    /// <summary>Attempts to save the last steps until one attempt succeeds.</summary>
    /// <exception cref="IOException">It was cancelled before one did.</exception>
    public void Write(Action write, Action<string> tellOf, CancellationToken cancellationToken)
    {
        if (!TryUntilCancelled(write, tellOf, cancellationToken))
            throw new IOException($"the last steps are not saved: {_reason}");
    }
}
