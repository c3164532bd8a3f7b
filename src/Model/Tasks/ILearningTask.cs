using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Tasks;

/// <summary>
/// What a model learns: what a batch is, what the loss is, how it is evaluated, and what a sample of it looks like. Whoever trains knows
/// nothing else of the model or of its data.
/// </summary>
public interface ILearningTask<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The parameters that are learned.</summary>
    ParameterSet<T> Parameters { get; }

    /// <summary>How many batches' gradients are added up for one step.</summary>
    int MicroBatches { get; }

    /// <summary>Tokens in one step.</summary>
    long TokensOfStep { get; }

    /// <summary>Floating-point operations of the model in one step, forward and backward.</summary>
    double OperationsOfStep { get; }

    /// <summary>The loss of a batch, which is a function of the step and the micro-batch alone.</summary>
    /// <param name="tape">Where everything is kept.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="microBatch">Which of the step's batches, from 0.</param>
    /// <returns>A single number, in nats.</returns>
    Variable<T> Loss(Tape<T> tape, int step, int microBatch);

    /// <summary>Evaluates the model on some of what it learns from.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    double TrainLoss(CancellationToken cancellationToken = default);

    /// <summary>Evaluates the model on what was kept for that; null where nothing was.</summary>
    /// <param name="whole">Whether on all of it; otherwise on a part, the same each time.</param>
    /// <param name="cancellationToken">Stops between two operators.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    double? ValidationLoss(bool whole, CancellationToken cancellationToken = default);

    /// <summary>Whether an evaluation of a part takes in the whole all the same.</summary>
    bool PartIsWhole { get; }

    /// <summary>What the model makes now, to be shown.</summary>
    /// <param name="number">The number of the sample: each draws other random numbers.</param>
    /// <param name="tokens">How long it is.</param>
    string Sample(int number, int tokens);
}
