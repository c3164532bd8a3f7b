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

    /// <inheritdoc/>
    public void Started(int firstStep, int steps)
    {
        _log = MetricsLog.Open(path, firstStep);
        observer.Started(firstStep, steps);
    }

    /// <inheritdoc/>
    public void Stepped(in StepMetrics metrics) => observer.Stepped(metrics);

    /// <inheritdoc/>
    public void Evaluated(in EvaluationMetrics metrics) => observer.Evaluated(metrics);

    /// <inheritdoc/>
    public void Sampled(int step, string text)
    {
        _log?.Write(step, text);
        observer.Sampled(step, text);
    }

    /// <inheritdoc/>
    public void Saved(int step) => observer.Saved(step);

    /// <inheritdoc/>
    public void NotSaved(int step, int? savedStep, string reason) => observer.NotSaved(step, savedStep, reason);

    /// <inheritdoc/>
    public void Skipped(TrainingDivergedException reason, int count) => observer.Skipped(reason, count);

    /// <summary>Closes the file.</summary>
    public void Dispose() => _log?.Dispose();

    /// <summary>Writes the sample of a step, over one that it has.</summary>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static void Append(string path, int step, string text)
    {
        using MetricsLog log = MetricsLog.Open(path, step - 1);
        log.Write(step, text);
    }
}
