using System.Diagnostics;
using System.Globalization;

namespace MiniGpt.Model.Generation;

/// <summary>How many tokens were read and written, and how long that took.</summary>
public sealed class GenerationStats
{
    private TimeSpan _reading, _writing;
    private TimeSpan? _first;
    private long _read, _written;

    /// <summary>Counts tokens of a prompt.</summary>
    public void AddRead(int tokens, long startTimestamp)
    {
        _reading += Stopwatch.GetElapsedTime(startTimestamp);
        _read += tokens;
    }

    /// <summary>
    /// Says that the first token is there. Only the time of the very first one counts: with it, code was compiled and memory touched that all
    /// others find ready.
    /// </summary>
    /// <param name="startTimestamp">When the prompt was begun.</param>
    public void AddFirst(long startTimestamp) => _first ??= Stopwatch.GetElapsedTime(startTimestamp);

    /// <summary>Counts new tokens behind the first.</summary>
    public void AddWritten(int tokens, long startTimestamp)
    {
        _writing += Stopwatch.GetElapsedTime(startTimestamp);
        _written += tokens;
    }

    /// <summary>Both rates, and the time to the first token, in one line.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"prompt: {Rate(_read, _reading)}; first token after {_first.GetValueOrDefault().TotalSeconds:F3} s; the others: {Rate(_written, _writing)}");

    private static string Rate(long tokens, TimeSpan time) => string.Create(CultureInfo.InvariantCulture,
        $"{tokens:N0} tokens in {time.TotalSeconds:F3} s, {(tokens > 0 ? tokens / time.TotalSeconds : 0):N1} tokens/s");
}
