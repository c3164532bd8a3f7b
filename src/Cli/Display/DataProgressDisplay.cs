using System.Diagnostics;
using MiniGpt.Model.Data;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Display;

/// <summary>
/// A bar while data is read and tokenised, which is there only where that takes long; where no display can move, a line now and then.
/// </summary>
internal sealed class DataProgressDisplay : Renderable, IProgress<DataProgress>
{
    private const int ShortestBar = 8;

    private static readonly TimeSpan s_beforeFirst = TimeSpan.FromSeconds(0.4);
    private static readonly TimeSpan s_betweenFrames = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);
    private static readonly Style s_done = new(Color.Green);
    private static readonly Style s_left = new(Color.Grey);

    private readonly LiveDisplayContext? _display;
    private readonly long _start = Stopwatch.GetTimestamp();
    private long _stageStart;
    private long _lastShown;
    private DataProgress _progress;
    private DataProgressDisplay? _view;

    private DataProgressDisplay(LiveDisplayContext? display) => _display = display;

    /// <summary>Does work that is shown.</summary>
    public static T Run<T>(Func<IProgress<DataProgress>, T> work)
    {
        if (!Talk.CanDraw)
            return work(new DataProgressDisplay(display: null) { _lastShown = Stopwatch.GetTimestamp() });
        DataProgressDisplay view = new(display: null);
        return Talk.Console.Live(view).AutoClear(true).Start(display => work(new DataProgressDisplay(display) { _view = view }));
    }

    public void Report(DataProgress value)
    {
        bool isNewStage = value.Stage != _progress.Stage;
        _progress = value;
        if (isNewStage)
            _stageStart = Stopwatch.GetTimestamp();
        if (_display is null)
        {
            if (Stopwatch.GetElapsedTime(_lastShown) < s_betweenLines)
                return;
            Talk.Say($"{value.Stage}: {Share:P0}");
        }
        else
        {
            if (Stopwatch.GetElapsedTime(_start) < s_beforeFirst || Stopwatch.GetElapsedTime(_lastShown) < s_betweenFrames)
                return;
            (_view!._progress, _view._stageStart) = (value, _stageStart);
            _display.Refresh();
        }
        _lastShown = Stopwatch.GetTimestamp();
    }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        if (_progress.Total == 0)
            return [];
        string left = $" {Share,4:P0} {Talk.Clock(TimeLeft),5} left";
        int columns = maxWidth - 1 - _progress.Stage.Length - 1 - left.Length;
        List<Segment> line = [new Segment(_progress.Stage + " ")];
        if (columns >= ShortestBar)
        {
            int full = (int)(columns * Share);
            line.Add(new Segment(new string(options.Unicode ? '━' : '#', full), s_done));
            line.Add(new Segment(new string(options.Unicode ? '─' : '-', columns - full), s_left));
        }
        line.Add(new Segment(left));
        return [.. Segment.Truncate(line, maxWidth - 1), Segment.LineBreak];
    }

    private double Share => Math.Min(1, (double)_progress.Done / Math.Max(1, _progress.Total));

    private TimeSpan TimeLeft => Share == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_stageStart) * ((1 - Share) / Share);
}
