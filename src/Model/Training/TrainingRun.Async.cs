using System.Diagnostics;
using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>Training by one call, from a program.</summary>
public static class TrainingRun
{
    internal const int SampleTokens = 200; // of what a model writes to be seen

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

    /// <summary>
    /// Learns a task with an optimizer, either of which may be the caller's own. The parameters of the task are trained where they are, and no file
    /// is written.
    /// </summary>
    /// <param name="task">What is learned; it stays the caller's.</param>
    /// <param name="optimizer">Who updates the parameters of the task. Its first step here is the one after those that it did already.</param>
    /// <param name="learningRates">The learning rate of each step, and how many steps there are.</param>
    /// <param name="clipNorm">The longest that the gradient may be; 0 never clips it.</param>
    /// <param name="evalEvery">After how many steps the task is evaluated, besides the last; 0 for the last alone.</param>
    /// <param name="progress">Is told of each step and evaluation, and of what the task's sample shows then.</param>
    /// <param name="cancellationToken">Ends the training between two operators; a step that is cut off leaves the parameters as they were.</param>
    /// <returns>How it ended; the loss is that over all that the task kept for its validation.</returns>
    /// <exception cref="ArgumentException">The optimizer updates other parameters than those of the task, or a number is negative.</exception>
    /// <exception cref="TrainingDivergedException">Numbers are not finite any more; the parameters are as before that step.</exception>
    public static Task<TrainingSummary> RunAsync<T>(
        ILearningTask<T> task, Optimizer<T> optimizer, LearningRateSchedule learningRates, double clipNorm = 1, int evalEvery = 0,
        IProgress<TrainingUpdate>? progress = null, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!ReferenceEquals(task.Parameters, optimizer.Parameters))
            throw new ArgumentException("The optimizer updates other parameters than those of the task.", nameof(optimizer));
        Require.NotNegative(clipNorm, "clip norm");
        Require.NotNegative(evalEvery, "number of steps between evaluations");
        return Task.Run(() => Learn(task, optimizer, learningRates, clipNorm, evalEvery, progress, cancellationToken), cancellationToken);
    }

    private static TrainingSummary Learn<T>(
        ILearningTask<T> task, Optimizer<T> optimizer, LearningRateSchedule learningRates, double clipNorm, int evalEvery, IProgress<TrainingUpdate>? progress,
        CancellationToken cancellationToken)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        long start = Stopwatch.GetTimestamp();
        int steps = checked((int)learningRates.Steps);
        double? validationLoss = null;
        bool isInterrupted = false;
        using Trainer<T> trainer = new(task, optimizer, learningRates, clipNorm);
        try
        {
            while (optimizer.Step < steps)
            {
                StepMetrics taken = trainer.Step(cancellationToken);
                progress?.Report(new TrainingUpdate(taken.Step, steps) { Taken = taken });
                bool isLast = optimizer.Step == steps;
                if (!isLast && (evalEvery == 0 || optimizer.Step % evalEvery != 0))
                    continue;
                EvaluationMetrics metrics = new(optimizer.Step, task.TrainLoss(cancellationToken), task.ValidationLoss(whole: isLast, cancellationToken), isLast);
                string sample = task.Sample(optimizer.Step, SampleTokens);
                progress?.Report(new TrainingUpdate(optimizer.Step, steps) { Evaluation = metrics, Sample = sample.Length > 0 ? sample : null });
                validationLoss = isLast ? metrics.ValidationLoss : null;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            isInterrupted = true;
        }

        return new TrainingSummary(optimizer.Step, Stopwatch.GetElapsedTime(start).TotalSeconds, validationLoss, isInterrupted, SkippedSteps: 0);
    }

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
