using System.Diagnostics;

namespace MiniGpt.Cluster;

/// <summary>Says from time to time, while a rank waits, that it should look whether the others are still there.</summary>
internal struct PeerWatch
{
    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(100);

    private readonly long _start;
    private long _last;

    /// <summary>Begins to count.</summary>
    public PeerWatch() => _start = _last = Stopwatch.GetTimestamp();

    /// <summary>How long it has waited.</summary>
    public readonly TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>Whether it is time to look.</summary>
    public bool IsDue
    {
        get
        {
            long now = Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(_last, now) < s_between)
                return false;
            _last = now;
            return true;
        }
    }
}
