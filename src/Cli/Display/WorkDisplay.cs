using System.Diagnostics;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;

namespace MiniGpt.Cli.Display;

/// <summary>
/// What a verb does while it takes long: a line with a bar and the time that is left, or the time that it took so far where nobody knows how much there is to
/// do. It comes after a second, and leaves nothing behind. Where no display can move, there is a line now and then.
/// </summary>
internal sealed class WorkDisplay : IProgress<DataProgress>
{
    private static readonly TimeSpan s_beforeFirst = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_betweenFrames = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);

    private readonly StageProgress _progress = new();
    private readonly Lock _lock = new();
    private readonly long _start = Stopwatch.GetTimestamp();
    private LiveFrame? _frame;
    private TimeSpan _nextLine = s_betweenLines;
    private bool _isOver;

    private WorkDisplay(string stage) => _progress.Add(new DataProgress(stage, 0, 0));

    /// <summary>Does work that is shown.</summary>
    /// <param name="stage">What it begins with, in the user's language or as the library calls it.</param>
    /// <param name="work">The work. It may tell how far it is, as often as it likes.</param>
    public static T Run<T>(string stage, Func<IProgress<DataProgress>, T> work)
    {
        WorkDisplay display = new(stage);
        // The work looks at nobody for long where an operator takes long: somebody else draws.
        using Timer timer = new(_ => display.Show(), state: null, s_beforeFirst, s_betweenFrames);
        try
        {
            return work(display);
        }
        finally
        {
            display.End();
        }
    }

    public void Report(DataProgress value)
    {
        lock (_lock)
            _progress.Add(value);
    }

    private void Show()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            if (Talk.CanDraw)
            {
                _frame ??= new LiveFrame(Talk.Console);
                _frame.Draw(_progress);
            }
            else if (Stopwatch.GetElapsedTime(_start) > _nextLine)
            {
                Talk.Say(Messages.Of("progress.work", ("stage", _progress.Stage), ("left", _progress.Left.Trim())));
                _nextLine += s_betweenLines;
            }
        }
    }

    // Waiting for the timer to end would start a thread, which work that is over at once would have to wait for.
    private void End()
    {
        lock (_lock)
        {
            _isOver = true;
            _frame?.Erase();
        }
    }
}
