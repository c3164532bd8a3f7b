using System.Diagnostics;
using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Optimization;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Training;

/// <summary>Takes one step after the other: a batch, the loss, its gradients, an update. Step s is a function of the state before it and of s.</summary>
public sealed class Trainer<T> : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Gpt<T> _gpt;
    private readonly TrainingOptions _options;
    private readonly LearningRateSchedule _learningRates;
    private readonly BatchSource _batches;
    private readonly Tape<T> _tape = new();
    private readonly double _flopsOfToken;
    private readonly double _ceiling;

    /// <summary>Makes a trainer that begins with step 0, or goes on where <see cref="AdamW{T}.Step"/> of its optimizer is set to.</summary>
    /// <param name="gpt">The model, its parameters already filled.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="tokens">What it learns from.</param>
    /// <param name="ceiling">The machine's multiply-add ceiling in FLOP/s, for <see cref="StepMetrics.Mfu"/>.</param>
    /// <exception cref="ArgumentException">The tokens are too few for one batch.</exception>
    public Trainer(Gpt<T> gpt, TrainingOptions options, TokenSource tokens, double ceiling)
    {
        _gpt = gpt;
        _options = options;
        _learningRates = options.LearningRates;
        _batches = BatchSource.Create(options.Batches, tokens, options.Context, options.BatchSize, options.Accumulate, options.Seed);
        _flopsOfToken = FlopsOfToken(gpt.Config);
        _ceiling = ceiling;
        Optimizer = new AdamW<T>(
            gpt.Parameters, new AdamWOptions(options.Beta1, options.Beta2, options.Epsilon, options.WeightDecay));
    }

    /// <summary>The optimizer; its <see cref="AdamW{T}.Step"/> is the number of steps done.</summary>
    public AdamW<T> Optimizer { get; }

    /// <summary>Where the time of each part of a step is counted; null to count nothing.</summary>
    public Profile? Profile
    {
        get => _tape.Profile;
        set => _tape.Profile = value;
    }

    /// <summary>Bytes held for activations and their gradients: one block from the second step on.</summary>
    public long ActivationBytes => _tape.Capacity;

    /// <summary>Tokens in one step.</summary>
    public long TokensOfStep => (long)_options.BatchSize * _options.Context * _options.Accumulate;

    /// <summary>
    /// Floating-point operations of forward and backward for one token: 6 for each parameter but the position table, and
    /// 12 · layers · width · context for the attention (Chowdhery et al. 2022, appendix B).
    /// </summary>
    public static double FlopsOfToken(GptConfig config)
    {
        double positions = config.Positions == PositionKind.Learned ? (double)config.Context * config.Width : 0;
        return 6 * (config.ParameterCount - positions) + 12.0 * config.Layers * config.Width * config.Context;
    }

    /// <summary>Takes the next step.</summary>
    /// <param name="cancellationToken">Ends it between two micro-batches, as if it had not begun.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; the parameters are as before.</exception>
    /// <exception cref="TrainingDivergedException">The loss or the gradient is not a finite number; the parameters are as before.</exception>
    public StepMetrics Step(CancellationToken cancellationToken = default)
    {
        long start = Stopwatch.GetTimestamp();
        Profile?.Begin();
        int step = Optimizer.Step;
        Optimizer.ClearGradients();
        double loss = 0;
        for (int micro = 0; micro < _options.Accumulate; micro++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            loss += Accumulate(step, micro) / _options.Accumulate;
        }

        double norm = Optimizer.GradientNorm();
        Profile?.Lap("Gradient norm");
        if (!double.IsFinite(loss) || !double.IsFinite(norm))
        {
            throw new TrainingDivergedException(step + 1, loss, norm, _gpt.Parameters.LastNotFinite(_gpt.Parameters.Gradients)?.Name);
        }

        double learningRate = _learningRates.At(step);
        Optimizer.Update(learningRate, norm, _options.ClipNorm);
        Profile?.Lap("AdamW");
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new StepMetrics(
            step + 1, (step + 1) * TokensOfStep, loss, learningRate, norm, seconds * 1000, TokensOfStep / seconds,
            TokensOfStep * _flopsOfToken / seconds / _ceiling);
    }

    /// <summary>Passes over the next step: its batch is gone by, parameters and moments stay as they are.</summary>
    public void SkipStep() => Optimizer.Step++;

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _tape.Dispose();

    /// <summary>Adds one micro-batch's share to the gradients and returns its loss.</summary>
    private double Accumulate(int step, int micro)
    {
        _tape.Reset();
        Tensor<int> ids = _tape.Allocate<int>([_options.BatchSize, _options.Context]);
        Tensor<int> targets = _tape.Allocate<int>(ids.Shape);
        _batches.Fill(step, micro, ids.Span, targets.Span);
        Profile?.Lap("Batch");
        DropoutStreams? dropout = _options.Dropout > 0
            ? new DropoutStreams(_options.Dropout, _options.Seed, (ulong)step * (ulong)_options.Accumulate + (ulong)micro)
            : null;
        Variable<T> loss = _gpt.Loss(_tape, ids, targets, dropout).Retain();
        _tape.Backward(_options.Accumulate == 1 ? loss : loss * (T.One / T.CreateChecked(_options.Accumulate)));
        return double.CreateChecked(loss.Value.Span[0]);
    }
}
