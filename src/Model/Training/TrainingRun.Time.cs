using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <content>How long a run takes, guessed before its first step.</content>
public sealed partial class TrainingRun<T>
{
    private const int BatchesOfWholeEvaluation = 20; // of the training data, where all of the validation split is read
    private const double ForwardShare = 1.0 / 3; // of a step: backward takes twice as much
    private const double UsualShare = 0.3; // of the ceiling: small models use less of it, large ones more

    /// <summary>
    /// How long the steps that are left and the evaluations between and behind them will take, from their operations and what the machine can do.
    /// Known before the first step, and as rough as that.
    /// </summary>
    public TimeSpan ExpectedTime => TimeFor(_options, _options.Steps - Step, _task.OperationsOfStep, _task.TokensOfStep);

    /// <summary>How long a run of all steps of a recipe would take, with this data and on this machine, as roughly.</summary>
    /// <param name="options">A recipe for models that continue a text.</param>
    /// <exception cref="ArgumentException">It is another recipe, or this is a run of another kind.</exception>
    public TimeSpan ExpectedTimeOf(TrainingOptions options)
    {
        Require.That(options.Task == TaskKind.Next && _options.Task == TaskKind.Next, $"the time of recipes for models that continue a text alone is known");
        long tokens = (long)options.BatchSize * options.Context * options.Accumulate;
        TransformerConfig config = options.ToConfig(_data.VocabularySize, _data.Tokenizer, _data.SourceTokenizer);
        return TimeFor(options, options.Steps, tokens * new ModelShape(config).TrainingOperationsOfToken, tokens);
    }

    private TimeSpan TimeFor(TrainingOptions options, int steps, double operationsOfStep, long tokensOfStep)
    {
        double whole = (double)(_data.Validation?.Length ?? 0) / tokensOfStep * options.Accumulate, train = options.EvalBatches > 0 ? options.EvalBatches : BatchesOfWholeEvaluation;
        double part = options.EvalBatches > 0 ? Math.Min(options.EvalBatches, whole) : whole;
        int evaluations = options.EvalEvery > 0 ? Math.Max(0, steps - 1) / options.EvalEvery : 0;
        double batches = evaluations * (train + part) + (whole > 0 || options.EvalEvery > 0 ? train + whole : 0);
        return TimeSpan.FromSeconds((steps * operationsOfStep + batches * operationsOfStep / options.Accumulate * ForwardShare) / (UsualShare * Ceiling));
    }
}
