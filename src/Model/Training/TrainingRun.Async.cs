using System.Numerics;
using MiniGpt.Model.Architectures;

namespace MiniGpt.Model.Training;

/// <summary>Training by one call, from a program.</summary>
public static class TrainingRun
{
    /// <summary>
    /// Reads the data that the options name, makes a model of their sizes, and trains it into a new folder, as <c>minigpt train</c> does.
    /// </summary>
    /// <param name="folder">The folder of the run.</param>
    /// <param name="options">The recipe; it names the data.</param>
    /// <param name="progress">Is told of each step, evaluation and sample.</param>
    /// <param name="cancellationToken">Ends the run after the step that is being taken, and saves it.</param>
    /// <returns>How it ended. The model is in the folder.</returns>
    /// <exception cref="ArgumentException">The options contradict each other or the data, or name none.</exception>
    /// <exception cref="Files.OccupiedException">The folder holds a model.</exception>
    /// <exception cref="TrainingDivergedException">Numbers are not finite any more. The last checkpoint, whose numbers are, stays.</exception>
    /// <exception cref="IOException">The data cannot be read, or the folder not be written.</exception>
    public static Task<TrainingSummary> RunAsync(
        string folder, TrainingOptions options, IProgress<TrainingUpdate>? progress = null, CancellationToken cancellationToken = default) => Task.Run(() =>
        {
            options.Validate();
            using TrainingData data = TrainingData.Load(options, cancellationToken: cancellationToken);
            LanguageModel<float> model = LanguageModel<float>.Create(options.ToConfig(data.VocabularySize, data.Tokenizer, data.SourceTokenizer));
            model.Initialize(options.Seed);
            return Run(folder, model, data, options, progress, cancellationToken);
        }, cancellationToken);

    /// <summary>Trains a model that there is already on data that was read, into a new folder.</summary>
    /// <param name="folder">The folder of the run.</param>
    /// <param name="model">The model, its parameters filled. It is trained itself, not a copy.</param>
    /// <param name="data">What it learns from; it stays the caller's.</param>
    /// <param name="options">The recipe; its sizes are those of the model.</param>
    /// <param name="progress">Is told of each step, evaluation and sample.</param>
    /// <param name="cancellationToken">Ends the run after the step that is being taken, and saves it.</param>
    /// <exception cref="ArgumentException">The data or the options do not go with the model.</exception>
    /// <exception cref="Files.OccupiedException">The folder holds a model.</exception>
    /// <exception cref="TrainingDivergedException">Numbers are not finite any more. The last checkpoint, whose numbers are, stays.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static Task<TrainingSummary> RunAsync<T>(
        string folder, LanguageModel<T> model, TrainingData data, TrainingOptions options, IProgress<TrainingUpdate>? progress = null,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => Task.Run(() => Run(folder, model, data, options, progress, cancellationToken), cancellationToken);

    private static TrainingSummary Run<T>(
        string path, LanguageModel<T> model, TrainingData data, TrainingOptions options, IProgress<TrainingUpdate>? progress, CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using RunFolder folder = RunFolder.Create(path);
        using TrainingRun<T> run = new(folder, options, model, data);
        return run.Run(new Reporter(progress, options.Steps), cancellationToken);
    }

    private sealed class Reporter(IProgress<TrainingUpdate>? progress, int steps) : ITrainingObserver
    {
        public void Stepped(in StepMetrics metrics) => progress?.Report(new TrainingUpdate(metrics.Step, steps) { Taken = metrics });

        public void Evaluated(in EvaluationMetrics metrics) => progress?.Report(new TrainingUpdate(metrics.Step, steps) { Evaluation = metrics });

        public void Sampled(int step, string text) => progress?.Report(new TrainingUpdate(step, steps) { Sample = text });

        public void NotSaved(int step, int? savedStep, string reason) => progress?.Report(new TrainingUpdate(step, steps) { Warning = reason });

        public void Skipped(TrainingDivergedException reason, int count) => progress?.Report(new TrainingUpdate(reason.Step, steps) { Warning = reason.Message });
    }
}
