using System.Diagnostics;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Display;

/// <summary>How far some work is, and how long the rest takes at the pace so far: a line with a bar.</summary>
internal sealed class StageProgress : Renderable
{
    private const int ShortestBar = 8;

    private DataProgress _progress;
    private long _start;

    /// <summary>What is being done, in the user's language.</summary>
    public string Stage => LibraryMessages.Translated(_progress.Stage);

    /// <summary>How long it has been done.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <summary>How much is done and how long the rest takes; where that is unknown, how long it took so far.</summary>
    public string Left => _progress is { Done: > 0, Total: > 0 } ? Talk.Left(Share, Elapsed * ((1 - Share) / Share)) : Talk.Clock(Elapsed);

    private double Share => _progress.Total == 0 ? 0 : Math.Min(1, (double)_progress.Done / _progress.Total);

    /// <summary>Takes in how far it is. Another stage, or one that begins anew, has a clock of its own.</summary>
    public void Add(in DataProgress progress)
    {
        if (progress.Stage != _progress.Stage || progress.Done < _progress.Done)
            _start = Stopwatch.GetTimestamp();
        _progress = progress;
    }

    protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
    {
        int width = maxWidth - 1; // text in the last column wraps on some terminals
        string left = $" {Left}";
        int columns = width - Prose.Columns(Stage) - 1 - Prose.Columns(left);
        bool hasBar = columns >= ShortestBar && _progress.Total > 0;
        int full = (int)(columns * Share);
        string bar = !hasBar ? "" : new string(options.Unicode ? '━' : '#', full) + new string(options.Unicode ? '─' : '-', columns - full);
        return Segment.Truncate([new Segment(hasBar ? $"{Stage} {bar}{left}" : $"{Stage}{left}")], width);
    }
}
