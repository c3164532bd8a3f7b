using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Tasks;

/// <summary>Measures a model's loss on text. Nothing is kept for a backward pass, and no training batch is moved by it.</summary>
/// <param name="model">The model.</param>
/// <param name="batchSize">B: the most rows that are evaluated at a time.</param>
/// <param name="ranks">Who shares the work, each with the same model; left out, this process does it alone.</param>
public sealed class NextTokenEvaluator<T>(Decoder<T> model, int batchSize, ICollective? ranks = null) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Rows are evaluated a few at a time, these many tokens: all activations of a pass stay until its end, and more tokens are no faster.
    private const int TokensAtOnce = 1024;

    private readonly Tape<T> _tape = new(records: false);
    private readonly ICollective _ranks = ranks ?? OneRank.Instance;

    /// <summary>Is told how far an evaluation is; null where nobody wants to know.</summary>
    public IProgress<DataProgress>? Progress { get; set; }

    /// <summary>The mean cross-entropy, in nats, over a whole text in back-to-back windows of the context: each token counts once.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="cancellationToken">Stops between two operators.</param>
    /// <exception cref="ArgumentException">The text has fewer than two tokens.</exception>
    public double WholeLoss(TokenSource tokens, CancellationToken cancellationToken = default)
    {
        _tape.Cancellation = cancellationToken;
        var windows = new EvaluationWindows(tokens, model.Config.Context);
        List<(long Window, int Rows, int Length)> parts = [];
        for (long window = 0, rows; window < windows.Count; window += rows)
        {
            int length = windows.LengthOf(window);
            int most = Math.Min(batchSize, RowsAtOnce(length));
            rows = window < windows.FullCount ? Math.Min(most, windows.FullCount - window) : 1;
            parts.Add((window, (int)rows, length));
        }

        double[] losses = SharedLosses.Of(_ranks, parts.Count, part =>
        {
            _tape.Reset();
            Tensor<int> ids = _tape.Allocate<int>([parts[part].Rows, parts[part].Length]);
            Tensor<int> targets = _tape.Allocate<int>(ids.Shape);
            windows.Fill(parts[part].Window, ids.Span, targets.Span);
            return Loss(ids, targets);
        }, Progress);
        double sum = 0;
        for (int part = 0; part < losses.Length; part++)
            sum += losses[part] * parts[part].Rows * parts[part].Length;

        return sum / windows.Predictions;
    }

    /// <summary>The mean cross-entropy, in nats, over the first batches of a source.</summary>
    /// <param name="batches">Where the batches come from.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="cancellationToken">Stops between two operators.</param>
    public double BatchLoss(BatchSource batches, int count, CancellationToken cancellationToken = default)
    {
        _tape.Cancellation = cancellationToken;
        int context = batches.Context, most = Math.Min(batches.BatchSize, RowsAtOnce(context));
        int[] ids = new int[batches.BatchSize * context], targets = new int[ids.Length];
        int partsOfBatch = (batches.BatchSize + most - 1) / most, filled = -1;
        double[] losses = SharedLosses.Of(_ranks, count * partsOfBatch, index =>
        {
            (int batch, int row) = (index / partsOfBatch, index % partsOfBatch * most);
            if (batch != filled)
                batches.Fill(filled = batch, 0, ids, targets);
            _tape.Reset();
            Range part = (row * context)..((row + RowsFrom(row)) * context);
            return Loss(_tape.Copy<int>(ids.AsSpan(part), [RowsFrom(row), context]), _tape.Copy<int>(targets.AsSpan(part), [RowsFrom(row), context]));
        }, Progress);
        double sum = 0;
        for (int index = 0; index < losses.Length; index++)
            sum += losses[index] * RowsFrom(index % partsOfBatch * most) / batches.BatchSize;

        return sum / count;

        int RowsFrom(int row) => Math.Min(most, batches.BatchSize - row);
    }

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _tape.Dispose();

    private static int RowsAtOnce(int length) => Math.Max(1, TokensAtOnce / length);

    private double Loss(Tensor<int> ids, Tensor<int> targets) =>
        double.CreateChecked(model.Loss(ids, targets, new ForwardPass<T>(_tape)).Value.Span[0]);
}
