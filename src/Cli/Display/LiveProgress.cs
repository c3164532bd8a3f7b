using System.Diagnostics;
using MiniGpt.Model.Data;
using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>Training as a display that stays in its place on the screen; evaluations and samples pass above it.</summary>
internal sealed class LiveProgress(LiveFrame frame) : ITrainingObserver
{
    private static readonly TimeSpan s_betweenFrames = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_shortEvaluation = TimeSpan.FromSeconds(1);

    private readonly ProgressView _view = new();
    private readonly StageProgress _evaluation = new();
    private long _lastFrame;

    /// <summary>Runs what is observed by a display, which is drawn as long as it runs.</summary>
    public static T Run<T>(IAnsiConsole console, Func<ITrainingObserver, T> run)
    {
        LiveFrame frame = new(console);
        try
        {
            return run(new LiveProgress(frame));
        }
        finally
        {
            frame.Leave();
        }
    }

    public void Started(int firstStep, int steps) => _view.Progress = new TrainingProgress(steps);

    public void Stepped(in StepMetrics metrics)
    {
        _view.Progress.Add(metrics);
        // A frame costs about as much as a small step: ten a second are enough for eyes.
        if (metrics.Step == _view.Progress.Steps || IsFrameDue)
            Draw();
    }

    public void Evaluating(int step, in DataProgress progress)
    {
        _evaluation.Add(progress);
        if (_evaluation.Elapsed < s_shortEvaluation || !IsFrameDue)
            return;
        _view.Evaluation = _evaluation;
        Draw();
    }

    public void Evaluated(in EvaluationMetrics metrics)
    {
        _view.Progress.Add(metrics);
        _view.Evaluation = null;
        frame.Pass(Talk.Line(metrics));
    }

    public void Sampled(int step, string text) => frame.Pass(Talk.Sample(step, text));

    public void NotSaved(int step, int? savedStep, string reason) => frame.Pass(Talk.NotSaved(step, savedStep, reason));

    public void Skipped(TrainingDivergedException reason, int count) => frame.Pass(Talk.Skipped(reason, count));

    private bool IsFrameDue => Stopwatch.GetElapsedTime(_lastFrame) > s_betweenFrames;

    private void Draw()
    {
        frame.Draw(_view);
        _lastFrame = Stopwatch.GetTimestamp();
    }
}
