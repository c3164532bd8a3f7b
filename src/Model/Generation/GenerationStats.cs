using System.Diagnostics;
using System.Globalization;

namespace MiniGpt.Model.Generation;

/// <summary>How many tokens were read and written, and how long that took.</summary>
public sealed class GenerationStats
{
    private TimeSpan _reading, _writing;
    private long _read, _written;

    /// <summary>Counts tokens of a prompt.</summary>
    public void AddRead(int tokens, long startTimestamp)
    {
        _reading += Stopwatch.GetElapsedTime(startTimestamp);
        _read += tokens;
    }

    /// <summary>Counts new tokens.</summary>
    public void AddWritten(int tokens, long startTimestamp)
    {
        _writing += Stopwatch.GetElapsedTime(startTimestamp);
        _written += tokens;
    }

    /// <summary>Both rates in one line.</summary>
    public override string ToString() => $"prompt: {Rate(_read, _reading)}; generation: {Rate(_written, _writing)}";

    private static string Rate(long tokens, TimeSpan time) => string.Create(CultureInfo.InvariantCulture,
        $"{tokens:N0} tokens in {time.TotalSeconds:F3} s, {(tokens > 0 ? tokens / time.TotalSeconds : 0):N1} tokens/s");
}
