using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Data;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;

namespace MiniGpt.Model.Tasks;

/// <summary>Measures a model's loss on text. Nothing is kept for a backward pass, and no training batch is moved by it.</summary>
public sealed class NextTokenEvaluator<T>(Decoder<T> model, int batchSize) : IDisposable
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Rows are evaluated a few at a time, these many tokens: all activations of a pass stay until its end, and more tokens are no faster.
    private const int TokensAtOnce = 1024;

    private readonly Tape<T> _tape = new(records: false);

    /// <summary>The mean cross-entropy, in nats, over a whole text in back-to-back windows of the context: each token counts once.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="cancellationToken">Stops between two operators.</param>
    /// <exception cref="ArgumentException">The text has fewer than two tokens.</exception>
    public double WholeLoss(TokenSource tokens, CancellationToken cancellationToken = default)
    {
        _tape.Cancellation = cancellationToken;
        var windows = new EvaluationWindows(tokens, model.Config.Context);
        double sum = 0;
        for (long window = 0; window < windows.Count;)
        {
            int length = windows.LengthOf(window);
            int most = Math.Min(batchSize, RowsAtOnce(length));
            int rows = window < windows.FullCount ? (int)Math.Min(most, windows.FullCount - window) : 1;
            _tape.Reset();
            Tensor<int> ids = _tape.Allocate<int>([rows, length]);
            Tensor<int> targets = _tape.Allocate<int>(ids.Shape);
            windows.Fill(window, ids.Span, targets.Span);
            sum += Loss(ids, targets) * rows * length;
            window += rows;
        }

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
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            batches.Fill(i, 0, ids, targets);
            for (int row = 0, rows; row < batches.BatchSize; row += rows)
            {
                rows = Math.Min(most, batches.BatchSize - row);
                _tape.Reset();
                Range part = (row * context)..((row + rows) * context);
                double loss = Loss(_tape.Copy<int>(ids.AsSpan(part), [rows, context]), _tape.Copy<int>(targets.AsSpan(part), [rows, context]));
                sum += loss * rows / batches.BatchSize;
            }
        }

        return sum / count;
    }

    /// <summary>Frees the memory of the activations.</summary>
    public void Dispose() => _tape.Dispose();

    private static int RowsAtOnce(int length) => Math.Max(1, TokensAtOnce / length);

    private double Loss(Tensor<int> ids, Tensor<int> targets) =>
        double.CreateChecked(model.Loss(ids, targets, new ForwardPass<T>(_tape)).Value.Span[0]);
}
