using System.Numerics;
using MiniGpt.Model.Data;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Training;

/// <summary>
/// The evaluations of a training run, and which of them was the best. Those on the way take some random batches, the same each time; the one at
/// the end the whole validation split.
/// </summary>
internal sealed class RunEvaluations<T>(Gpt<T> gpt, TrainingOptions options, TrainingData data) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int BatchesWhereAllAreTooMany = 20;

    private readonly Evaluator<T> _evaluator = new(gpt, options.BatchSize);

    /// <summary>The lowest validation loss of which there is a checkpoint; infinite without one.</summary>
    public double BestLoss { get; set; } = double.PositiveInfinity;

    private bool AllAreWhole => options.EvalBatches == 0 || data.Validation?.Length <= options.Context;

    /// <summary>Evaluates the model.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="final">Whether it is the evaluation at the end.</param>
    /// <param name="cancellationToken">Stops between two batches.</param>
    public EvaluationMetrics Evaluate(int step, bool final, CancellationToken cancellationToken)
    {
        int trainBatches = options.EvalBatches > 0 ? options.EvalBatches : BatchesWhereAllAreTooMany;
        double trainLoss = _evaluator.BatchLoss(Batches(data.Train), trainBatches, cancellationToken);
        return new EvaluationMetrics(step, trainLoss, ValidationLoss(whole: final, cancellationToken), final);
    }

    /// <summary>The validation loss that an evaluation on the way would have found where the one at the end found another: like is compared with like.</summary>
    public double? ComparableLoss(double? finalLoss, CancellationToken cancellationToken) =>
        AllAreWhole ? finalLoss : ValidationLoss(whole: false, cancellationToken);

    /// <summary>
    /// Saves a model that is better than the best one on the disk: one that could not be saved leaves its place to the next. False where this
    /// one could not.
    /// </summary>
    public bool SaveIfBest(double? loss, Func<bool> save)
    {
        if (!(loss < BestLoss))
        {
            return true;
        }

        bool isSaved = save();
        BestLoss = isSaved ? loss.Value : BestLoss;
        return isSaved;
    }

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _evaluator.Dispose();

    private double? ValidationLoss(bool whole, CancellationToken cancellationToken) => data.Validation switch
    {
        null => null,
        TokenSource tokens when whole || AllAreWhole => _evaluator.WholeLoss(tokens, cancellationToken),
        TokenSource tokens => _evaluator.BatchLoss(Batches(tokens), options.EvalBatches, cancellationToken),
    };

    private RandomBatches Batches(TokenSource tokens) =>
        new(tokens, options.Context, options.BatchSize, microBatches: 1, options.Seed, RandomPurpose.Evaluation);
}
