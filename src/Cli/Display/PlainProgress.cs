using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Display;

/// <summary>Training as plain lines, one every few steps and one an evaluation: for logs and for simple terminals.</summary>
internal sealed class PlainProgress(int logEvery) : ITrainingObserver
{
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

    public void Evaluated(in EvaluationMetrics metrics) => Talk.Say(Talk.Line(metrics));

    public void Sampled(int step, string text) => Talk.Say(Talk.Sample(step, text));

    public void Saved(int step)
    {
    }

    public void NotSaved(int step, int? savedStep, string reason) => Talk.Say(Talk.NotSaved(step, savedStep, reason));

    public void Skipped(TrainingDivergedException reason, int count) => Talk.Say(Talk.Skipped(reason, count));
}
