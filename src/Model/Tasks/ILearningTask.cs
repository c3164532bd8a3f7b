using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Tasks;

/// <summary>
/// What a model learns: what a batch is, what the loss is, how it is evaluated, and what a sample of it looks like. Whoever trains knows
/// nothing else of the model or of its data. A task of one's own needs parameters, a loss and the tokens of a step; the rest is as most have it.
/// </summary>
public interface ILearningTask<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The parameters that are learned.</summary>
    ParameterSet<T> Parameters { get; }

    /// <summary>How many batches' gradients are added up for one step.</summary>
    int MicroBatches => 1;

    /// <summary>Tokens in one step, or whatever its examples are.</summary>
    long TokensOfStep { get; }

    /// <summary>Floating-point operations of the model in one step, forward and backward; 0 where nobody counts them.</summary>
    double OperationsOfStep => 0;

    /// <summary>The loss of a batch, which is a function of the step and the micro-batch alone.</summary>
    /// <param name="tape">Where everything is kept.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="microBatch">Which of the step's batches, from 0.</param>
    /// <returns>A single number, in nats.</returns>
    Variable<T> Loss(Tape<T> tape, int step, int microBatch);

    /// <summary>Evaluates the model on some of what it learns from: on the first batch, unless a task knows better.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    double TrainLoss(CancellationToken cancellationToken = default)
    {
        using Tape<T> tape = new(records: false) { Cancellation = cancellationToken };
        return double.CreateChecked(Loss(tape, step: 0, microBatch: 0).Value.Span[0]);
    }

    /// <summary>Evaluates the model on what was kept for that; null where nothing was.</summary>
    /// <param name="whole">Whether on all of it; otherwise on a part, the same each time.</param>
    /// <param name="cancellationToken">Stops between two operators.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    double? ValidationLoss(bool whole, CancellationToken cancellationToken = default) => null;

    /// <summary>Is told how far an evaluation is; null where nobody wants to know. A task whose evaluations are short need not keep it.</summary>
    IProgress<DataProgress>? Progress { get => null; set { } }

    /// <summary>Whether an evaluation of a part takes in the whole all the same.</summary>
    bool PartIsWhole => true;

    /// <summary>What the model makes now, to be shown; nothing where there is nothing to see.</summary>
    /// <param name="number">The number of the sample: each draws other random numbers.</param>
    /// <param name="tokens">How long it is.</param>
    string Sample(int number, int tokens) => "";
}
