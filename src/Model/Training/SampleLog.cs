using MiniGpt.Model.Data;

namespace MiniGpt.Model.Training;

/// <summary>
/// Writes what a model writes in training to samples.jsonl, <c>{"step":500,"sample":"…"}</c> a line, and passes everything on to another
/// observer. A run that goes on from a checkpoint cuts off the lines of later steps first.
/// </summary>
/// <param name="path">The file, <see cref="RunFolder.SamplesPath"/>.</param>
/// <param name="observer">Whom else to tell.</param>
public sealed class SampleLog(string path, ITrainingObserver observer) : ITrainingObserver, IDisposable
{
    private MetricsLog? _log;
    private int? _savedStep;

    /// <inheritdoc/>
    public void Started(int firstStep, int steps)
    {
        _log = MetricsLog.Open(path, firstStep);
        _savedStep = firstStep > 0 ? firstStep : null;
        observer.Started(firstStep, steps);
    }

    /// <inheritdoc/>
    public void Stepped(in StepMetrics metrics) => observer.Stepped(metrics);

    /// <inheritdoc/>
    public void Evaluating(int step, in DataProgress progress) => observer.Evaluating(step, progress);

    /// <inheritdoc/>
    public void Evaluated(in EvaluationMetrics metrics) => observer.Evaluated(metrics);

    /// <inheritdoc/>
    public void Sampled(int step, string text)
    {
        if (_log?.Write(step, text) is string reason)
            observer.NotSaved(step, _savedStep, reason);
        observer.Sampled(step, text);
    }

    /// <inheritdoc/>
    public void Saved(int step)
    {
        _savedStep = step;
        _log?.Retry(); // there is room again
        observer.Saved(step);
    }

    /// <inheritdoc/>
    public void NotSaved(int step, int? savedStep, string reason) => observer.NotSaved(step, savedStep, reason);

    /// <inheritdoc/>
    public void Skipped(TrainingDivergedException reason, int count) => observer.Skipped(reason, count);

    /// <summary>Closes the file, after a last attempt to write what it did not take before.</summary>
    public void Dispose()
    {
        _log?.Retry();
        _log?.Dispose();
        _log = null;
    }

    /// <summary>Writes the sample of a step, over one that it has.</summary>
    /// <exception cref="IOException">The file cannot be opened or written.</exception>
    public static void Append(string path, int step, string text)
    {
        using MetricsLog log = MetricsLog.Open(path, step - 1);
        log.Write(step, text);
        log.FlushToDisk();
    }
}
