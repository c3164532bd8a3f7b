using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Tasks;

/// <summary>
/// Saying what stood where tokens of a text are masked, from what stands on both sides (Devlin et al. 2019). Each step masks other tokens.
/// </summary>
/// <remarks>
/// A row is a part of the text between the ids that stand round a whole one. Of every row as many tokens are predicted, and the head is
/// computed for these alone.
/// </remarks>
/// <param name="model">The model, its parameters filled.</param>
/// <param name="options">What decides about the batches.</param>
/// <param name="wholeWords">Whether all pieces of a word are masked together.</param>
/// <param name="train">What it learns from.</param>
/// <param name="validation">What it is evaluated on, where there is something.</param>
/// <param name="tokenizer">The tokenizer, which has a mask.</param>
/// <param name="ranks">Who shares the evaluations; left out, this process does them alone.</param>
/// <exception cref="ArgumentException">The tokens are too few for one batch, or the tokenizer has no mask.</exception>
public sealed class MaskedTokenTask<T>(
    Encoder<T> model, NextTokenOptions options, bool wholeWords, TokenSource train, TokenSource? validation, ITokenizer? tokenizer, ICollective? ranks = null)
    : ILearningTask<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Ignored = CrossEntropyOperator.DefaultIgnoredTarget;
    private const int TrainBatchesOfWholeEvaluation = 20; // of the training data, which is too large to be evaluated on as a whole

    private readonly TokenMasking _masking = new(tokenizer, wholeWords);
    private readonly TextEnds _ends = tokenizer!.Ends;
    private readonly BatchSource _batches = BatchSource.Create(
        options.Order, train, TextLength(options.Context, tokenizer!.Ends), options.BatchSize, options.Accumulate, options.Seed);

    private readonly Tape<T> _tape = new(records: false);
    private readonly ICollective _ranks = ranks ?? OneRank.Instance;
    private readonly int[] _text = new int[options.BatchSize * options.Context];
    private readonly int[] _next = new int[options.BatchSize * options.Context];

    /// <inheritdoc/>
    public ParameterSet<T> Parameters => model.Parameters;

    /// <inheritdoc/>
    public int MicroBatches => options.Accumulate;

    /// <inheritdoc/>
    public long TokensOfStep => (long)options.BatchSize * options.Context * options.Accumulate;

    /// <inheritdoc/>
    public double OperationsOfStep { get; } = options.Accumulate * (double)options.BatchSize * new ModelShape(model.Config)
        .TrainingOperationsOfMasked(options.Context, TokenMasking.CountOf(options.Context));

    /// <inheritdoc/>
    public IProgress<DataProgress>? Progress { get; set; }

    /// <inheritdoc/>
    public bool PartIsWhole => options.EvalBatches == 0 || validation?.Length <= TextLength(options.Context, _ends);

    /// <inheritdoc/>
    public Variable<T> Loss(Tape<T> tape, int step, int microBatch)
    {
        DropoutStreams? dropout = DropoutStreams.For(options.Dropout, options.Seed, (ulong)step * (ulong)options.Accumulate + (ulong)microBatch);
        return Loss(tape, _batches, step, microBatch, RandomPurpose.Masking, dropout);
    }

    /// <inheritdoc/>
    public double TrainLoss(CancellationToken cancellationToken = default) =>
        BatchLoss(train, options.EvalBatches > 0 ? options.EvalBatches : TrainBatchesOfWholeEvaluation, cancellationToken);

    /// <inheritdoc/>
    public double? ValidationLoss(bool whole, CancellationToken cancellationToken = default) => validation switch
    {
        null => null,
        TokenSource tokens when whole || PartIsWhole => WholeLoss(tokens, cancellationToken),
        TokenSource tokens => BatchLoss(tokens, options.EvalBatches, cancellationToken),
    };

    /// <summary>A part of the validation text with some tokens masked, and in brackets what the model says stood there.</summary>
    /// <param name="number">The number of the sample: each is another part.</param>
    /// <param name="tokens">How long it is.</param>
    public string Sample(int number, int tokens)
    {
        TokenSource source = validation ?? train;
        int length = (int)Math.Min(Math.Min(tokens, TextLength(options.Context, _ends)), source.Length);
        RandomStream stream = new(options.Seed, RandomPurpose.Sampling, (ulong)number);
        int[] text = new int[length], places = new int[TokenMasking.CountOf(length)], targets = new int[places.Length];
        source.Read(stream.Below(0, source.Length - length + 1), text);
        RandomStream masking = new(options.Seed, RandomPurpose.EvaluationMasking, (ulong)number);
        _masking.Apply(text, places, targets, masking, Ignored);
        foreach (int place in places)
            text[place] = _masking.MaskId;
        _tape.Cancellation = default;
        _tape.Reset();
        Tensor<int> ids = _tape.Copy<int>([.. _ends.Before, .. text, .. _ends.Behind], [1, length + _ends.Before.Count + _ends.Behind.Count]);
        Tensor<T> logits = model.Logits(ids, new ForwardPass<T>(_tape)).Value;
        List<string> words = [];
        for (int i = 0, written = 0; i < length; i++)
        {
            if (text[i] != _masking.MaskId)
                continue;
            int said = TensorPrimitives.IndexOfMax<T>(logits.Slice(1, i + _ends.Before.Count, 1).Span);
            words.Add(tokenizer!.Decode(text.AsSpan(written, i - written)));
            words.Add($"[{tokenizer.Decode([said])}]");
            written = i + 1;
            if (i == length - 1 || !text.AsSpan(written).Contains(_masking.MaskId))
                words.Add(tokenizer.Decode(text.AsSpan(written)));
        }
        return string.Join(' ', words.Where(word => word.Length > 0));
    }

    /// <summary>Frees the memory of the evaluations.</summary>
    public void Dispose() => _tape.Dispose();

    private static int TextLength(int context, TextEnds ends)
    {
        int length = context - ends.Before.Count - ends.Behind.Count;
        Require.That(length > 0, $"a context of {context} has no room for text between the {ends.Before.Count + ends.Behind.Count} tokens round it");
        return length;
    }

    private Variable<T> Loss(Tape<T> tape, BatchSource batches, long step, int microBatch, RandomPurpose masking, DropoutStreams? dropout)
    {
        int length = batches.Context, used = batches.BatchSize * length;
        batches.Fill(step, microBatch, _text.AsSpan(0, used), _next.AsSpan(0, used));
        ulong firstRow = ((ulong)step * (ulong)batches.MicroBatches + (ulong)microBatch) * (ulong)batches.BatchSize;
        return Loss(tape, _text.AsSpan(0, used), batches.BatchSize, masking, firstRow, dropout);
    }

    /// <summary>The loss of some rows of text, of which tokens are masked.</summary>
    private Variable<T> Loss(Tape<T> tape, ReadOnlySpan<int> text, int rows, RandomPurpose purpose, ulong firstRow, DropoutStreams? dropout)
    {
        int length = text.Length / rows, before = _ends.Before.Count, whole = before + length + _ends.Behind.Count;
        int predicted = TokenMasking.CountOf(whole);
        Tensor<int> ids = tape.Allocate<int>([rows, whole]), places = tape.Allocate<int>([rows * predicted]), targets = tape.Allocate<int>([rows * predicted]);
        for (int row = 0; row < rows; row++)
        {
            Span<int> all = ids.Span.Slice(row * whole, whole), rowPlaces = places.Span.Slice(row * predicted, predicted);
            for (int i = 0; i < before; i++)
                all[i] = _ends.Before[i];
            for (int i = 0; i < _ends.Behind.Count; i++)
                all[before + length + i] = _ends.Behind[i];
            text.Slice(row * length, length).CopyTo(all[before..]);
            RandomStream stream = new(options.Seed, purpose, firstRow + (ulong)row);
            _masking.Apply(all.Slice(before, length), rowPlaces, targets.Span.Slice(row * predicted, predicted), stream, Ignored);
            for (int i = 0; i < predicted; i++)
                rowPlaces[i] += row * whole + before;
        }
        tape.Profile?.Lap("Batch");
        Variable<T> hidden = model.Hidden(ids, new ForwardPass<T>(tape) { Dropout = dropout });
        return model.Output.Loss(tape.Embedding(hidden.Reshape([rows * whole, model.Config.Width]), places), targets);
    }

    private double BatchLoss(TokenSource tokens, int count, CancellationToken cancellationToken)
    {
        RandomBatches batches = new(tokens, TextLength(options.Context, _ends), options.BatchSize, microBatches: 1, options.Seed, RandomPurpose.Evaluation);
        _tape.Cancellation = cancellationToken;
        double sum = 0;
        foreach (double loss in SharedLosses.Of(_ranks, count, LossOf, Progress))
            sum += loss;
        return sum / count;

        double LossOf(int batch)
        {
            _tape.Reset();
            return double.CreateChecked(Loss(_tape, batches, batch, 0, RandomPurpose.EvaluationMasking, dropout: null).Value.Span[0]);
        }
    }

    /// <summary>Over all of a text in back-to-back rows, with the same tokens masked each time.</summary>
    private double WholeLoss(TokenSource tokens, CancellationToken cancellationToken)
    {
        _tape.Cancellation = cancellationToken;
        int most = TextLength(options.Context, _ends);
        List<(long Start, long Row, int Rows, int Length)> parts = [];
        for (long start = 0, row = 0; start < tokens.Length;)
        {
            int length = (int)Math.Min(most, tokens.Length - start);
            int rows = length < most ? 1 : (int)Math.Min(options.BatchSize, (tokens.Length - start) / most);
            parts.Add((start, row, rows, length));
            start += rows * length;
            row += rows;
        }

        double[] losses = SharedLosses.Of(_ranks, parts.Count, part =>
        {
            Span<int> text = _text.AsSpan(0, parts[part].Rows * parts[part].Length);
            tokens.Read(parts[part].Start, text);
            _tape.Reset();
            Variable<T> loss = Loss(_tape, text, parts[part].Rows, RandomPurpose.EvaluationMasking, (ulong)parts[part].Row, dropout: null);
            return double.CreateChecked(loss.Value.Span[0]);
        }, Progress);
        double sum = 0;
        long counted = 0;
        for (int part = 0; part < losses.Length; part++)
        {
            int predicted = parts[part].Rows * TokenMasking.CountOf(parts[part].Length + _ends.Before.Count + _ends.Behind.Count);
            sum += predicted * losses[part];
            counted += predicted;
        }
        return sum / counted;
    }
}
