using System.Diagnostics;
using MiniGpt.Model.Training;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Display;

/// <summary>Training as a display that stays in its place on the screen; evaluations and samples pass above it.</summary>
internal sealed class LiveProgress(LiveDisplayContext display, IAnsiConsole console, ProgressView view) : ITrainingObserver
{
    private static readonly TimeSpan s_betweenFrames = TimeSpan.FromMilliseconds(100);

    private long _lastFrame;

    /// <summary>Runs what is observed by a display, which is drawn as long as it runs.</summary>
    public static T Run<T>(IAnsiConsole console, Func<ITrainingObserver, T> run)
    {
        ProgressView view = new();
        return console.Live(view).Start(display => run(new LiveProgress(display, console, view)));
    }

    public void Started(int firstStep, int steps) => view.Progress = new TrainingProgress(steps);

    public void Stepped(in StepMetrics metrics)
    {
        view.Progress.Add(metrics);
        // A frame costs about as much as a small step: ten a second are enough for eyes.
        if (metrics.Step == view.Progress.Steps || Stopwatch.GetElapsedTime(_lastFrame) > s_betweenFrames)
        {
            display.Refresh();
            _lastFrame = Stopwatch.GetTimestamp();
        }
    }

    public void Evaluated(in EvaluationMetrics metrics)
    {
        view.Progress.Add(metrics);
        console.Write(new PassingText(Talk.Line(metrics)));
    }

    public void Sampled(int step, string text) => console.Write(new PassingText(Talk.Sample(step, text)));

    public void Saved(int step)
    {
    }

    public void NotSaved(int step, int? savedStep, string reason) => console.Write(new PassingText(Talk.NotSaved(step, savedStep, reason)));

    public void Skipped(TrainingDivergedException reason, int count) => console.Write(new PassingText(Talk.Skipped(reason, count)));

    /// <summary>Text that passes above the display, over lines on which the display stood.</summary>
    private sealed class PassingText(string text) : Renderable
    {
        private const string EraseBelow = "\e[J";

        protected override IEnumerable<Segment> Render(RenderOptions options, int maxWidth)
        {
            yield return Segment.Control(EraseBelow);
            foreach (string line in Visible.Of(text).Split('\n').SelectMany(line => Fitting(line, maxWidth)))
            {
                yield return new Segment(line);
                yield return Segment.LineBreak;
            }
        }

        // Two spaces or more are the model's own, in code or a table, and stay.
        private static string[] Fitting(string line, int width) => Prose.Columns(line) <= width || line.Contains("  ", StringComparison.Ordinal)
            ? [line]
            : Prose.Wrapped(line, indent: "", width).Split('\n');
    }
}
