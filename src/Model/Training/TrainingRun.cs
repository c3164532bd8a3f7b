using System.Diagnostics;
using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>
/// A training run in its folder: steps, and between them evaluations, samples, log lines and checkpoints. None of these moves the
/// training: every random number is a function of the seed, its purpose and the step.
/// </summary>
public sealed partial class TrainingRun<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int LineTokens = 60; // of what is written beside an evaluation
    private const int SkippedInARow = 100; // more of them are no accident

    private readonly RunFolder _folder;
    private readonly TrainingOptions _options;
    private readonly TrainingData _data;
    private readonly JsonObject? _extraKeys;
    private readonly Trainer<T> _trainer;
    private readonly ILearningTask<T> _task;
    private readonly BestLoss _best = new();
    private int? _savedStep;
    private int _skippedSteps;
    private int _skippedInARow;

    /// <summary>Prepares a run that begins with the first step.</summary>
    /// <param name="folder">The folder of a new run, <see cref="RunFolder.Create"/>; it stays the caller's.</param>
    /// <param name="options">The options, sizes and context those of the model.</param>
    /// <param name="model">The model, its parameters filled.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="extraKeys">Keys for config.json that mean nothing here.</param>
    /// <param name="ranks">Who trains the model together, of which this is the first; the others make a <see cref="TrainingFollower{T}"/>. Left out, this process alone.</param>
    /// <exception cref="ArgumentException">
    /// The data is too short for a batch, its vocabulary larger than that of the model, or there are more ranks than micro-batches.
    /// </exception>
    public TrainingRun(
        RunFolder folder, TrainingOptions options, LanguageModel<T> model, TrainingData data, JsonObject? extraKeys = null, ICollective? ranks = null)
        : this(folder, options, model, optimizer: null, data, extraKeys, ranks, checkpoint: null)
    {
    }

    private TrainingRun(
        RunFolder folder, TrainingOptions options, LanguageModel<T> model, Optimizer<T>? optimizer, TrainingData data, JsonObject? extraKeys, ICollective? ranks,
        Checkpoint<T>? checkpoint)
    {
        (_folder, _options, _data, _extraKeys) = (folder, options, data, extraKeys);
        _ranks = ranks ?? OneRank.Instance;
        _commands = new RunCommands(_ranks);
        Model = model;
        _task = _ranks.Reach(() =>
        {
            Require.That(data.VocabularySize <= model.Config.VocabularySize,
                $"data with a vocabulary of {data.VocabularySize} does not go with a model of {model.Config.VocabularySize}");
            Require.That(options.Context == model.Config.Context,
                $"a context of {options.Context} does not go with a model of {model.Config.Context}");
            if (checkpoint is not null)
                CheckResumption(checkpoint);
            return LearningTasks.Create(model, options, data, _ranks);
        });
        Ceiling = TrainingFollower<T>.ShareStart(model, _ranks);
        _trainer = _ranks.Reach(() => new Trainer<T>(
            _task, optimizer ?? options.CreateOptimizer(model.Parameters, _ranks), options.LearningRates, options.ClipNorm, Ceiling, _ranks, options.Wire));
    }

    /// <summary>Prepares to go on where a run stopped.</summary>
    /// <param name="folder">The folder of the run; it stays the caller's.</param>
    /// <param name="options">The options of the checkpoint; only the number of steps, and how often it logs and saves, may differ.</param>
    /// <param name="checkpoint">The checkpoint of the folder.</param>
    /// <param name="data">The data of the run.</param>
    /// <param name="ranks">Who trains the model together, as for a new run; the checkpoint is loaded for them.</param>
    /// <exception cref="ArgumentException">The data is not what the run began with, or all steps are done.</exception>
    public TrainingRun(RunFolder folder, TrainingOptions options, Checkpoint<T> checkpoint, TrainingData data, ICollective? ranks = null)
        : this(folder, options, checkpoint.Model, checkpoint.Optimizer, data, checkpoint.ExtraKeys, ranks, checkpoint)
    {
        _savedStep = checkpoint.Step;
        _skippedSteps = checkpoint.SkippedSteps;
        _best.Value = folder.BestLoss ?? double.PositiveInfinity;
    }

    /// <summary>The model.</summary>
    public LanguageModel<T> Model { get; }

    /// <summary>What the multiply-add units of all ranks' threads can do, in FLOP/s, measured when the run was prepared.</summary>
    public double Ceiling { get; }

    /// <summary>Where the time of the run is counted; null to count nothing. To be made just before the run.</summary>
    public Profile? Profile
    {
        get => _trainer.Profile;
        set => _trainer.Profile = value;
    }

    private int Step => _trainer.Optimizer.Step;

    /// <summary>Trains to the last step.</summary>
    /// <param name="observer">Is told what happens.</param>
    /// <param name="cancellationToken">Ends the run after the step that is being taken, and saves it.</param>
    /// <exception cref="OperationCanceledException">A new run was cancelled before it began: the folder is as it was.</exception>
    /// <exception cref="TrainingDivergedException">Numbers are not finite any more. The last checkpoint, whose numbers are, stays.</exception>
    /// <exception cref="IOException">
    /// The folder cannot be written: at the start, or still not when the run was cancelled. Until then it goes on and tries again.
    /// </exception>
    public TrainingSummary Run(ITrainingObserver observer, CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        if (_savedStep is null)
            cancellationToken.ThrowIfCancellationRequested();

        _folder.Begin();
        using MetricsLog log = MetricsLog.Open(_folder.MetricsPath, Step, evaluated: Step < _options.Steps);
        PersistentWriter writer = new(log);
        observer.Started(Step, _options.Steps);
        _task.Progress = new EvaluationProgress(this, observer);
        try
        {
            if (_savedStep == Step && Step < _options.Steps && Step > 0 && IsDue(_options.EvalEvery) && !log.IsEvaluated)
            {
                FinishStep(observer, log, writer, cancellationToken); // it was cut off there
            }

            while (Step < _options.Steps && !cancellationToken.IsCancellationRequested && !_trainer.SomebodyWantsToStop)
            {
                TakeStep(observer, log, cancellationToken);
                FinishStep(observer, log, writer, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // In the midst of a step, which is taken again, or of the evaluation behind it, which the run that goes on makes up for.
        }

        if (Step != _savedStep)
            writer.Write(() => Save(observer), TellOf(observer), cancellationToken);

        double? validationLoss = null;
        bool interrupted = Step < _options.Steps;
        if (!interrupted)
        {
            try
            {
                validationLoss = EvaluateAtTheEnd(observer, log, writer, cancellationToken);
                writer.Write(() => _folder.Finish(validationLoss), TellOf(observer), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                interrupted = true;
            }
        }

        return new TrainingSummary(Step, Stopwatch.GetElapsedTime(start).TotalSeconds, validationLoss, interrupted, _skippedSteps);
    }

    /// <summary>What the model, as it is now, writes from nothing: text, or ids where there is no tokenizer.</summary>
    public string Sample(int tokens = TrainingRun.SampleTokens) => _task.Sample(Step, tokens);

    /// <summary>The longest line of a few that the model writes: enough to see how far it has come.</summary>
    private string Line() => Sample(LineTokens).Split('\n').MaxBy(line => line.Length)!.Trim();

    /// <summary>Frees the memory of the activations, and lets the other ranks go.</summary>
    public void Dispose()
    {
        _commands.End();
        _trainer.Dispose();
        _task.Dispose();
    }

    private void CheckResumption(Checkpoint<T> checkpoint)
    {
        Require.That(_data.Hash == checkpoint.DataHash,
            $"the data is not what the run in {_folder.Path} began with: its SHA-256 is {_data.Hash}, {checkpoint.DataHash} expected");
        Require.That(checkpoint.Step < _options.Steps || (checkpoint.Step == _options.Steps && !checkpoint.Finished),
            $"the run in {_folder.Path} has done {checkpoint.Step} of {_options.Steps} steps: a larger number of steps goes on with it");
    }

    private void TakeStep(ITrainingObserver observer, MetricsLog log, CancellationToken cancellationToken)
    {
        StepMetrics metrics = StepOrSkip(observer, cancellationToken);
        if (IsDue(_options.LogEvery))
            TellOfNotLogged(observer, log.Write(metrics));

        observer.Stepped(metrics);
    }

    /// <summary>What comes between a step and the next.</summary>
    /// <exception cref="OperationCanceledException">The evaluation was cancelled: it is not logged, and nothing behind it is done.</exception>
    private void FinishStep(ITrainingObserver observer, MetricsLog log, PersistentWriter writer, CancellationToken cancellationToken)
    {
        // The last step's evaluation and checkpoint are those of the end.
        bool evaluates = IsDue(_options.EvalEvery) && Step < _options.Steps;
        if (evaluates)
        {
            double? loss = Evaluate(observer, log, final: false, cancellationToken);
            _best.SaveIfBest(loss, () => writer.TryWrite(() => SaveBest(loss), TellOf(observer)));
        }

        if (IsDue(_options.SampleEvery))
            observer.Sampled(Step, Sample());
        else if (evaluates && _options.SampleEvery == 0 && _data.Tokenizer is not null)
            observer.Sampled(Step, Line());

        bool saves = _options.CheckpointEvery is int every ? IsDue(every) : evaluates;
        if (Step < _options.Steps && (saves || writer.IsRetryDue))
            writer.TryWrite(() => Save(observer), TellOf(observer));
    }

    private StepMetrics StepOrSkip(ITrainingObserver observer, CancellationToken cancellationToken)
    {
        try
        {
            _trainer.WantsToStop = cancellationToken.IsCancellationRequested;
            StepMetrics metrics = _commands.Do(RunCommand.Step, () => _trainer.Step(Within(cancellationToken)));
            _skippedInARow = 0;
            StepsTaken++;
            return metrics;
        }
        catch (TrainingDivergedException error)
        {
            string kept = _savedStep is int saved ? $"{_folder.Path} keeps the checkpoint of step {saved}" : "no checkpoint was written yet";
            if (_options.OnBadLoss == BadLossAction.Stop)
                throw new TrainingDivergedException(error, $"training stopped before the update, {kept}", couldSkip: true);

            if (++_skippedInARow > SkippedInARow)
            {
                throw new TrainingDivergedException(error, $"{SkippedInARow} steps before it were passed over, one after the other, so "
                    + $"training stopped, {kept}", couldSkip: false);
            }

            _commands.Say(RunCommand.Skip);
            _trainer.SkipStep();
            observer.Skipped(error, ++_skippedSteps);
            return new StepMetrics(Step, Step * _trainer.TokensOfStep, double.NaN, _options.LearningRates.At(Step - 1), double.NaN, 0, 0, 0);
        }
    }

    private sealed class EvaluationProgress(TrainingRun<T> run, ITrainingObserver observer) : IProgress<DataProgress>
    {
        public void Report(DataProgress value) => observer.Evaluating(run.Step, value);
    }

    private bool IsDue(int every) => every > 0 && Step % every == 0;

    private double? Evaluate(ITrainingObserver observer, MetricsLog log, bool final, CancellationToken cancellationToken)
    {
        Profile?.Begin();
        double trainLoss = TrainLoss(cancellationToken);
        EvaluationMetrics metrics = new(Step, trainLoss, ValidationLoss(whole: final, cancellationToken), final);
        Profile?.Lap("Evaluation");
        TellOfNotLogged(observer, log.Write(metrics));
        observer.Evaluated(metrics);
        return metrics.ValidationLoss;
    }

    /// <summary>
    /// The evaluation over the whole validation split. Which checkpoint is the best is decided by the evaluation that was made on the way too,
    /// so that like is compared with like.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled, if only when the best checkpoint could not be saved.</exception>
    private double? EvaluateAtTheEnd(ITrainingObserver observer, MetricsLog log, PersistentWriter writer, CancellationToken cancellationToken)
    {
        if (_data.Validation is null && _options.EvalEvery == 0)
            return null;

        double? loss = Evaluate(observer, log, final: true, cancellationToken);
        if (_options.EvalEvery > 0)
        {
            double? comparable = _task.PartIsWhole ? loss : ValidationLoss(whole: false, cancellationToken);
            if (!_best.SaveIfBest(comparable, () => writer.TryUntilCancelled(() => SaveBest(comparable), TellOf(observer), cancellationToken)))
                throw new OperationCanceledException(cancellationToken);
        }

        return loss;
    }

    private void SaveBest(double? loss) => _folder.SaveBest(ToCheckpoint() with { ValidationLoss = loss });

    private void Save(ITrainingObserver observer)
    {
        Profile?.Begin();
        _folder.Save(ToCheckpoint(), _options.Keep);
        Profile?.Lap("Checkpoint");
        _savedStep = Step;
        observer.Saved(Step);
    }

    private void TellOfNotLogged(ITrainingObserver observer, string? reason)
    {
        if (reason is not null)
            observer.NotSaved(Step, _savedStep, reason);
    }

    private Action<string> TellOf(ITrainingObserver observer) => reason => observer.NotSaved(Step, _savedStep, reason);

    /// <exception cref="TrainingDivergedException">A parameter is not finite: such a checkpoint must not replace a good one.</exception>
    private Checkpoint<T> ToCheckpoint()
    {
        if (Model.Parameters.LastNotFinite(Model.Parameters.Values) is { } parameter)
        {
            throw new TrainingDivergedException(Step, parameter.Name,
                _savedStep is int saved ? $"{_folder.Path} keeps the checkpoint of step {saved}" : "no checkpoint was written yet");
        }

        return new Checkpoint<T>
        {
            Options = _options,
            Step = Step,
            Tokens = Step * _trainer.TokensOfStep,
            SkippedSteps = _skippedSteps,
            DataHash = _data.Hash,
            Model = Model,
            Tokenizer = _data.Tokenizer,
            SourceTokenizer = _data.SourceTokenizer,
            ExtraKeys = _extraKeys,
            Optimizer = _trainer.Optimizer,
            Ranks = _commands.AreSeveral ? _ranks : null,
            BeforeState = () => _commands.Say(RunCommand.State),
        };
    }
}
