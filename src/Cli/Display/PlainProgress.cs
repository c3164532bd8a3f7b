using System.Diagnostics;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Data;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Display;

/// <summary>Training as plain lines, one every few steps and one an evaluation: for logs and for simple terminals.</summary>
internal sealed class PlainProgress(int logEvery) : ITrainingObserver
{
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(10);

    private readonly StageProgress _evaluation = new();
    private long _lastLine;
    private TrainingProgress _progress = new(0);

    public void Started(int firstStep, int steps) => _progress = new TrainingProgress(steps);

    public void Stepped(in StepMetrics metrics)
    {
        _progress.Add(metrics);
        if (logEvery > 0 && metrics.Step % logEvery == 0)
        {
            Talk.Say(Messages.Of("progress.step", ("step", metrics.Step), ("steps", _progress.Steps), ("loss", $"{metrics.Loss:F4}"),
                ("rate", $"{metrics.LearningRate:0.##e+0}"), ("norm", $"{metrics.GradientNorm:F3}"), ("speed", $"{metrics.TokensPerSecond:N0}"),
                ("mfu", $"{metrics.Mfu:P1}"), ("time", Talk.Clock(_progress.TimeLeft))));
        }
    }

    public void Evaluating(int step, in DataProgress progress)
    {
        _evaluation.Add(progress);
        if (_evaluation.Elapsed < s_betweenLines || Stopwatch.GetElapsedTime(_lastLine) < s_betweenLines)
            return;
        Talk.Say(Messages.Of("progress.work", ("stage", _evaluation.Stage), ("left", _evaluation.Left.Trim())));
        _lastLine = Stopwatch.GetTimestamp();
    }

    public void Evaluated(in EvaluationMetrics metrics) => Talk.Say(Talk.Line(metrics));

    public void Sampled(int step, string text) => Talk.Say(Talk.Sample(step, text));

    public void NotSaved(int step, int? savedStep, string reason) => Talk.Say(Talk.NotSaved(step, savedStep, reason));

    public void Skipped(TrainingDivergedException reason, int count) => Talk.Say(Talk.Skipped(reason, count));
}
