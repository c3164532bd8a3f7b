using System.Diagnostics;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;

namespace MiniGpt.Cli.Display;

/// <summary>
/// A bar on one line while data is read and tokenised, which is there only where that takes long; where no display can move, a line now and
/// then. Spectre's own displays cannot come late and leave nothing behind.
/// </summary>
internal sealed class DataProgressDisplay : IProgress<DataProgress>
{
    private const int ShortestBar = 8;
    private const string ToLineStart = "\r";
    private const string EraseLine = "\r\e[K";

    private static readonly TimeSpan s_beforeFirst = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan s_betweenFrames = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);

    private readonly bool _draws = Talk.CanDraw;
    private long _next;
    private long _stageStart;
    private DataProgress _progress;
    private bool _isDrawn;

    private DataProgressDisplay() => _next = After(_draws ? s_beforeFirst : s_betweenLines);

    /// <summary>Does work that is shown.</summary>
    public static T Run<T>(Func<IProgress<DataProgress>, T> work)
    {
        DataProgressDisplay display = new();
        try
        {
            return work(display);
        }
        finally
        {
            if (display._isDrawn)
                Console.Error.Write(EraseLine);
        }
    }

    public void Report(DataProgress value)
    {
        if (value.Stage != _progress.Stage)
            _stageStart = Stopwatch.GetTimestamp();
        _progress = value;
        if (Stopwatch.GetTimestamp() < _next)
            return;
        _next = After(_draws ? s_betweenFrames : s_betweenLines);
        if (_draws)
            Console.Error.Write(ToLineStart + Line(Talk.Console.Profile.Width - 1, Talk.Console.Profile.Capabilities.Unicode));
        else
            Talk.Say($"{Stage}: {Share:P0}");
        _isDrawn = _draws;
    }

    private string Stage => LibraryMessages.Translated(_progress.Stage);

    private double Share => Math.Min(1, (double)_progress.Done / Math.Max(1, _progress.Total));

    private TimeSpan TimeLeft => Share == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_stageStart) * ((1 - Share) / Share);

    private static long After(TimeSpan time) => Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Always as long as the terminal is wide, so that nothing is left of the line before it.</summary>
    private string Line(int width, bool unicode)
    {
        string left = $" {Talk.Left(Share, TimeLeft)}";
        int columns = width - Prose.Columns(Stage) - 1 - Prose.Columns(left);
        int full = columns < ShortestBar ? 0 : (int)(columns * Share);
        string bar = columns < ShortestBar
            ? ""
            : new string(unicode ? '━' : '#', full) + new string(unicode ? '─' : '-', columns - full);
        string line = $"{Stage} {bar}{left}";
        while (Prose.Columns(line) > width)
            line = line[..^1];
        return line + new string(' ', width - Prose.Columns(line));
    }
}
