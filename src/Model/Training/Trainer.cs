using System.Diagnostics;
using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Model.Tasks;

namespace MiniGpt.Model.Training;

/// <summary>
/// Takes one step after the other: a batch, the loss, its gradients, an update. It knows parameters, a task and an optimizer, and nothing of
/// text. Step s is a function of the state before it and of s.
/// </summary>
/// <param name="task">What is learned.</param>
/// <param name="optimizer">Who updates the parameters; its <see cref="Optimizer{T}.Step"/> is the number of steps done.</param>
/// <param name="learningRates">The learning rate of each step.</param>
/// <param name="clipNorm">The longest that the gradient may be; 0 never clips it.</param>
/// <param name="ceiling">The machine's multiply-add ceiling in FLOP/s, for <see cref="StepMetrics.Mfu"/>.</param>
public sealed class Trainer<T>(
    ILearningTask<T> task, Optimizer<T> optimizer, LearningRateSchedule learningRates, double clipNorm, double ceiling) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tape<T> _tape = new();

    /// <summary>The optimizer; its <see cref="Optimizer{T}.Step"/> is the number of steps done.</summary>
    public Optimizer<T> Optimizer => optimizer;

    /// <summary>
    /// Is called when the gradients of a step are complete, before their norm is taken: here those of other machines can be added.
    /// </summary>
    public Action<ParameterSet<T>>? GradientsAreComplete { get; set; }

    /// <summary>Where the time of each part of a step is counted; null to count nothing.</summary>
    public Profile? Profile
    {
        get => _tape.Profile;
        set => _tape.Profile = value;
    }

    /// <summary>Bytes held for activations and their gradients: one block from the second step on.</summary>
    public long ActivationBytes => _tape.Capacity;

    /// <summary>Tokens in one step.</summary>
    public long TokensOfStep => task.TokensOfStep;

    /// <summary>Takes the next step.</summary>
    /// <param name="cancellationToken">Ends it between two operators, as if it had not begun.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; the parameters are as before.</exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not a finite number; the parameters are as before.</exception>
    public StepMetrics Step(CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        Profile?.Begin();
        int step = optimizer.Step;
        ParameterSet<T> parameters = task.Parameters;
        parameters.ClearGradients();
        double loss = 0;
        _tape.Cancellation = cancellationToken;
        for (int micro = 0; micro < task.MicroBatches; micro++)
            loss += Accumulate(step, micro) / task.MicroBatches;

        GradientsAreComplete?.Invoke(parameters);
        double norm = parameters.GradientNorm();
        Profile?.Lap("Gradient norm");
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
            throw new TrainingDivergedException(step + 1, loss, norm, parameters.LastNotFinite(parameters.Gradients)?.Name);

        double learningRate = learningRates.At(step);
        optimizer.Update(learningRate, Optimizer<T>.ClipScale(norm, clipNorm));
        Profile?.Lap("Optimizer");
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new StepMetrics(
            step + 1, (step + 1) * TokensOfStep, loss, learningRate, norm, seconds * 1000, TokensOfStep / seconds,
            task.OperationsOfStep / seconds / ceiling);
    }

    /// <summary>Passes over the next step: its batch is gone by, parameters and optimizer stay as they are.</summary>
    public void SkipStep() => optimizer.Step++;

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _tape.Dispose();

    /// <summary>Adds one micro-batch's share to the gradients and returns its loss.</summary>
    private double Accumulate(int step, int micro)
    {
        _tape.Reset();
        Variable<T> loss = task.Loss(_tape, step, micro).Retain();
        _tape.Backward(task.MicroBatches == 1 ? loss : loss * (T.One / T.CreateChecked(task.MicroBatches)));
        return double.CreateChecked(loss.Value.Span[0]);
    }
}
