using System.Diagnostics;
using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>
/// Takes one step after the other: a batch, the loss, its gradients, an update. It knows parameters, a task and an optimizer, and nothing of
/// text. Step s is a function of the state before it and of s.
/// </summary>
public sealed class Trainer<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new();
    private readonly ILearningTask<T> _task;
    private readonly LearningRateSchedule _learningRates;
    private readonly StepGradients<T> _gradients;
    private readonly double _clipNorm, _ceiling;

    /// <summary>Prepares to train.</summary>
    /// <param name="task">What is learned.</param>
    /// <param name="optimizer">Who updates the parameters; its <see cref="Optimizer{T}.Step"/> is the number of steps done.</param>
    /// <param name="learningRates">The learning rate of each step.</param>
    /// <param name="clipNorm">The longest that the gradient may be; 0 never clips it.</param>
    /// <param name="ceiling">The machine's multiply-add ceiling in FLOP/s, that of all ranks together, for <see cref="StepMetrics.Mfu"/>, which is 0 without it.</param>
    /// <param name="ranks">Who trains the model together, each with a trainer of its own; left out, this process alone.</param>
    /// <param name="wire">How gradients go from rank to rank.</param>
    /// <exception cref="ArgumentException">There are more ranks than micro-batches, or the optimizer's state is not divided among these ranks.</exception>
    public Trainer(
        ILearningTask<T> task, Optimizer<T> optimizer, LearningRateSchedule learningRates, double clipNorm, double ceiling = double.PositiveInfinity,
        ICollective? ranks = null, WireType wire = WireType.Exact)
    {
        (_task, Optimizer, _learningRates, _clipNorm, _ceiling) = (task, optimizer, learningRates, clipNorm, ceiling);
        _gradients = new(ranks ?? OneRank.Instance, task.Parameters, _tape, task.MicroBatches, optimizer.Ownership, wire);
    }

    /// <summary>The optimizer; its <see cref="Optimizer{T}.Step"/> is the number of steps done.</summary>
    public Optimizer<T> Optimizer { get; }

    /// <summary>What exchanges between ranks took so far.</summary>
    public ExchangeTimes ExchangeTimes => _gradients.Times;

    /// <summary>Whether this rank was asked to stop; all ranks know of it with the next step.</summary>
    internal bool WantsToStop
    {
        set => _gradients.Summary?.WantsToStop = value;
    }

    /// <summary>Whether any rank was asked to stop, as all of them know since the last step.</summary>
    internal bool SomebodyWantsToStop => _gradients.Summary?.SomebodyWantsToStop ?? false;

    /// <summary>Where the time of each part of a step is counted; null to count nothing.</summary>
    public Profile? Profile
    {
        get => _tape.Profile;
        set => _tape.Profile = value;
    }

    /// <summary>Bytes held for activations and their gradients: one block from the second step on.</summary>
    public long ActivationBytes => _tape.Capacity;

    /// <summary>Tokens in one step.</summary>
    public long TokensOfStep => _task.TokensOfStep;

    /// <summary>Takes the next step.</summary>
    /// <param name="cancellationToken">Ends it between two operators, as if it had not begun.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; the parameters are as before.</exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not a finite number; the parameters are as before.</exception>
    public StepMetrics Step(CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        Profile?.Begin();
        int step = Optimizer.Step;
        _tape.Cancellation = cancellationToken;
        _gradients.Begin();
        for (int micro = _gradients.Share.First; micro < _gradients.Share.End; micro++)
            Accumulate(step, micro);

        (double loss, double norm) = _gradients.Finish();
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(step + 1, loss, norm, _gradients.LastNotFinite()?.Name);

        double learningRate = _learningRates.At(step);
        Optimizer.Update(learningRate, Optimizer<T>.ClipScale(norm, _clipNorm));
        Profile?.Lap("Optimizer");
        _gradients.ShareUpdate();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new StepMetrics(
            step + 1, (step + 1) * TokensOfStep, loss, learningRate, norm, seconds * 1000, TokensOfStep / seconds,
            _task.OperationsOfStep / seconds / _ceiling);
    }

    /// <summary>Passes over the next step: its batch is gone by, parameters and optimizer stay as they are.</summary>
    public void SkipStep() => Optimizer.Step++;

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _tape.Dispose();

    /// <summary>Adds one micro-batch's share to the gradients.</summary>
    private void Accumulate(int step, int micro)
    {
        _tape.Reset();
        Variable<T> loss = _task.Loss(_tape, step, micro).Retain();
        _gradients.Backward(micro, _task.MicroBatches == 1 ? loss : loss * (T.One / T.CreateChecked(_task.MicroBatches)), loss);
    }
}
