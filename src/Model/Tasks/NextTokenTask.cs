using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Tasks;

/// <summary>What decides about the batches of a <see cref="NextTokenTask{T}"/>.</summary>
public sealed record NextTokenOptions
{
    /// <summary>T: the length of a row.</summary>
    public required int Context { get; init; }

    /// <summary>B: the rows of a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>How many batches' gradients are added up for one step.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>In which order the tokens are gone through.</summary>
    public BatchOrder Order { get; init; }

    /// <summary>With which probabilities training sets numbers to zero; a number alone is that of all places.</summary>
    public DropoutRates Dropout { get; init; }

    /// <summary>Where all random numbers come from.</summary>
    public ulong Seed { get; init; }

    /// <summary>How many random batches an evaluation of a part reads; 0 the whole split.</summary>
    public int EvalBatches { get; init; } = 20;
}

/// <summary>Predicting the next token of a text: the task of every language model of this kind.</summary>
/// <param name="model">The model, its parameters filled.</param>
/// <param name="options">What decides about the batches.</param>
/// <param name="train">What it learns from.</param>
/// <param name="validation">What it is evaluated on, where there is something.</param>
/// <param name="tokenizer">Turns samples to text; without one they are ids.</param>
/// <param name="ranks">Who shares the evaluations; left out, this process does them alone.</param>
/// <exception cref="ArgumentException">The tokens are too few for one batch.</exception>
public sealed class NextTokenTask<T>(
    Decoder<T> model, NextTokenOptions options, TokenSource train, TokenSource? validation = null, ITokenizer? tokenizer = null, ICollective? ranks = null)
    : ILearningTask<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Of the training data, which is too large to be evaluated on as a whole.
    private const int TrainBatchesOfWholeEvaluation = 20;

    private readonly BatchSource _batches =
        BatchSource.Create(options.Order, train, options.Context, options.BatchSize, options.Accumulate, options.Seed);

    private readonly NextTokenEvaluator<T> _evaluator = new(model, options.BatchSize, ranks);
    private readonly Generator<T> _generator = new(model, tokenizer);

    /// <inheritdoc/>
    public ParameterSet<T> Parameters => model.Parameters;

    /// <inheritdoc/>
    public int MicroBatches => options.Accumulate;

    /// <inheritdoc/>
    public long TokensOfStep => (long)options.BatchSize * options.Context * options.Accumulate;

    /// <inheritdoc/>
    public double OperationsOfStep { get; } =
        (double)options.BatchSize * options.Context * options.Accumulate * new ModelShape(model.Config).TrainingOperationsOfToken;

    /// <inheritdoc/>
    public IProgress<DataProgress>? Progress { get => _evaluator.Progress; set => _evaluator.Progress = value; }

    /// <inheritdoc/>
    public bool PartIsWhole => options.EvalBatches == 0 || validation?.Length <= options.Context;

    /// <inheritdoc/>
    public Variable<T> Loss(Tape<T> tape, int step, int microBatch)
    {
        Tensor<int> ids = tape.Allocate<int>([options.BatchSize, options.Context]);
        Tensor<int> targets = tape.Allocate<int>(ids.Shape);
        _batches.Fill(step, microBatch, ids.Span, targets.Span);
        tape.Profile?.Lap("Batch");
        DropoutStreams? dropout = DropoutStreams.For(options.Dropout, options.Seed, (ulong)step * (ulong)options.Accumulate + (ulong)microBatch);
        return model.Loss(ids, targets, new ForwardPass<T>(tape) { Dropout = dropout });
    }

    /// <inheritdoc/>
    public double TrainLoss(CancellationToken cancellationToken = default) => _evaluator.BatchLoss(
        EvaluationBatches(train), options.EvalBatches > 0 ? options.EvalBatches : TrainBatchesOfWholeEvaluation, cancellationToken);

    /// <inheritdoc/>
    public double? ValidationLoss(bool whole, CancellationToken cancellationToken = default) => validation switch
    {
        null => null,
        TokenSource tokens when whole || PartIsWhole => _evaluator.WholeLoss(tokens, cancellationToken),
        TokenSource tokens => _evaluator.BatchLoss(EvaluationBatches(tokens), options.EvalBatches, cancellationToken),
    };

    /// <inheritdoc/>
    public string Sample(int number, int tokens)
    {
        SamplingOptions sampling = new() { Seed = options.Seed };
        int[] prompt = [Prompt.Start(model.Config, tokenizer)];
        int[] ids = [.. _generator.Generate(prompt, sampling, number).Take(tokens)];
        return tokenizer?.Decode(ids) ?? string.Join(' ', ids);
    }

    /// <summary>Frees the memory of the evaluations.</summary>
    public void Dispose() => _evaluator.Dispose();

    private RandomBatches EvaluationBatches(TokenSource tokens) =>
        new(tokens, options.Context, options.BatchSize, microBatches: 1, options.Seed, RandomPurpose.Evaluation);
}
