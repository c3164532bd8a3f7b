using System.Numerics;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The backward pass of <see cref="Attention"/>; its items are the heads of keys and values of all examples, each with the queries' heads
/// that share it: so no two items write one gradient. With P the weights and O = P·V:
/// dV = Pᵀ·dO, dP = dO·Vᵀ, dS = P ∘ (dP − rowsum(dO ∘ O)) · scale, dQ = dS·K, dK = dSᵀ·Q.
/// A cap multiplies dS by 1 − tanh²(s / cap).
/// </summary>
internal readonly unsafe struct AttentionBackward<T>(
    Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, Tensor<T> logSumExp, Tensor<T> outputGradient,
    Tensor<T> qGradient, Tensor<T> kGradient, Tensor<T> vGradient, bool accumulate, AttentionOptions<T> options) : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tensor<T> _q = q;
    private readonly Tensor<T> _k = k;
    private readonly Tensor<T> _v = v;
    private readonly Tensor<T> _output = output;
    private readonly Tensor<T> _logSumExp = logSumExp;
    private readonly Tensor<T> _outputGradient = outputGradient;
    private readonly Tensor<T> _qGradient = qGradient;
    private readonly Tensor<T> _kGradient = kGradient;
    private readonly Tensor<T> _vGradient = vGradient;
    private readonly bool _accumulate = accumulate;
    private readonly AttentionOptions<T> _options = options;

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        for (int item = start; item < end; item++)
        {
            RunGroup<V>(item);
        }
    }

    private void RunGroup<V>(int keyHead)
        where V : unmanaged, ISimd<V, T>
    {
        int keys = _k.Shape[2], depth = _q.Shape[3], valueWidth = _v.Shape[3];
        int lanes = Microkernel.Columns<T, V>();
        Operand<T> k = AttentionTile.Head(_k, keyHead), v = AttentionTile.Head(_v, keyHead);

        // K and V by rows for the scores and their gradient, K by columns for dQ.
        int width = RoundUp(keys, lanes), packedDepth = RoundUp(depth, lanes), packedValueWidth = RoundUp(valueWidth, lanes);
        T* keysByRow = Scratch.Get<T>(Scratch.Slot.Keys, (long)width * depth + (long)packedDepth * keys);
        T* keysByColumn = keysByRow + (long)width * depth;
        T* valuesByRow = Scratch.Get<T>(Scratch.Slot.Values, (long)width * valueWidth);
        Packing.Pack<T, V>(k, keys, depth, lanes, keysByRow);
        Packing.Pack<T, V>(new Operand<T>(k.Pointer, 1, k.RowStride), depth, keys, lanes, keysByColumn);
        Packing.Pack<T, V>(v, keys, valueWidth, lanes, valuesByRow);

        int group = AttentionTile.GroupSize(_q, _k);
        for (int member = 0; member < group; member++)
        {
            RunHead<V>(keyHead * group + member, keyHead, _accumulate || member > 0, keysByRow, keysByColumn, valuesByRow);
        }
    }

    /// <summary>One head of the queries.</summary>
    private void RunHead<V>(int item, int keyHead, bool accumulateKeys, T* keysByRow, T* keysByColumn, T* valuesByRow)
        where V : unmanaged, ISimd<V, T>
    {
        int queries = _q.Shape[2], keys = _k.Shape[2], depth = _q.Shape[3], valueWidth = _v.Shape[3];
        int lanes = Microkernel.Columns<T, V>();
        int width = RoundUp(keys, lanes), packedDepth = RoundUp(depth, lanes), packedValueWidth = RoundUp(valueWidth, lanes);
        Operand<T> q = AttentionTile.Head(_q, item), dq = AttentionTile.Head(_qGradient, item);
        Operand<T> output = AttentionTile.Head(_output, item), dOutput = AttentionTile.Head(_outputGradient, item);
        Operand<T> dk = AttentionTile.Head(_kGradient, keyHead), dv = AttentionTile.Head(_vGradient, keyHead);
        T* logSumExp = _logSumExp.Pointer + (long)item * queries;

        // Behind the tile of gradients one row more, for the slopes of a cap.
        int tileRows = AttentionTile.Rows(keys);
        T* weights = Scratch.Get<T>(Scratch.Slot.Scores, (long)tileRows * width);
        T* gradients = Scratch.Get<T>(Scratch.Slot.ScoreGradients, (long)(tileRows + 1) * width);
        T* slopes = _options.SoftCap > T.Zero ? gradients + (long)tileRows * width : null;
        T* packedQueries = Scratch.Get<T>(Scratch.Slot.Queries, (long)tileRows * (packedDepth + packedValueWidth));
        T* packedOutputGradients = packedQueries + (long)tileRows * packedDepth;

        // From the last tile to the first: the last one sees the most keys, so that it can overwrite dK and dV where others add.
        for (int first = (queries - 1) / tileRows * tileRows; first >= 0; first -= tileRows)
        {
            int rows = Math.Min(tileRows, queries - first);
            int seen = AttentionTile.Visible(_options, first + rows - 1, keys);
            if (!accumulateKeys)
            {
                ClearRows(dk, seen, keys, depth);
                ClearRows(dv, seen, keys, valueWidth);
            }

            var to = new Destination<T>(weights, width, false, null);
            GemmBlock.Run<T, V>(q.From(first, 0), keysByRow, depth, rows, seen, depth, to);
            to = new Destination<T>(gradients, width, false, null);
            GemmBlock.Run<T, V>(dOutput.From(first, 0), valuesByRow, valueWidth, rows, seen, valueWidth, to);
            for (int row = 0; row < rows; row++)
            {
                int query = first + row;
                T delta = Dot<V>(dOutput.From(query, 0).Pointer, output.From(query, 0).Pointer, valueWidth);
                ScoreGradients<V>(
                    weights + (long)row * width, gradients + (long)row * width, slopes, item, query, keys, seen, logSumExp[query], delta);
            }

            GemmBlock.Run<T, V>(
                new Operand<T>(gradients, width, 1), keysByColumn, keys, rows, depth, seen, To(dq.From(first, 0), _accumulate));

            Operand<T> tile = q.From(first, 0);
            Packing.Pack<T, V>(new Operand<T>(tile.Pointer, 1, tile.RowStride), depth, rows, lanes, packedQueries);
            GemmBlock.Run<T, V>(
                new Operand<T>(gradients, 1, width), packedQueries, rows, seen, depth, rows, To(dk, accumulateKeys));

            tile = dOutput.From(first, 0);
            Packing.Pack<T, V>(new Operand<T>(tile.Pointer, 1, tile.RowStride), valueWidth, rows, lanes, packedOutputGradients);
            GemmBlock.Run<T, V>(
                new Operand<T>(weights, 1, width), packedOutputGradients, rows, seen, valueWidth, rows, To(dv, accumulateKeys));
            accumulateKeys = true;
        }
    }

    /// <summary>Makes weights of a row of scores, and of the gradient of the weights that of the scores.</summary>
    private void ScoreGradients<V>(
        T* weights, T* gradients, T* slopes, int item, int query, int keys, int width, T logSumExp, T delta)
        where V : unmanaged, ISimd<V, T>
    {
        int visible = AttentionTile.Visible(_options, query, keys);
        if (T.IsNegativeInfinity(logSumExp))
        {
            new Span<T>(weights, width).Clear();
            new Span<T>(gradients, width).Clear();
            return;
        }

        T scaleOfScores = _options.Scale;
        if (_options.ChangesScores)
        {
            AttentionTile.ChangeScores<T, V>(weights, visible, _options, item, query, slopes);
            scaleOfScores = T.One;
        }

        if (!_options.Padding.IsEmpty)
        {
            AttentionTile.HidePadding(weights, _options.Padding.Pointer + (long)(item / _q.Shape[1]) * keys, visible);
        }

        AttentionTile.Exponentials<T, V>(weights, visible, width, scaleOfScores, logSumExp);
        long place = ((long)item * _q.Shape[2] + query) * keys;
        if (_options.Dropout > 0)
        {
            AttentionTile.Drop(gradients, visible, _options, place);
        }

        V scale = V.Broadcast(_options.Scale), shift = V.Broadcast(delta);
        int i = 0;
        for (; i <= visible - V.Count; i += V.Count)
        {
            (V.Load(weights + i) * (V.Load(gradients + i) - shift) * scale).Store(gradients + i);
        }

        if (i < visible)
        {
            int count = visible - i;
            (V.Load(weights + i, count) * (V.Load(gradients + i, count) - shift) * scale).Store(gradients + i, count);
        }

        if (slopes is not null)
        {
            MultiplyBy<V>(gradients, slopes, visible);
        }

        new Span<T>(gradients + visible, width - visible).Clear();
        if (_options.Dropout > 0)
        {
            AttentionTile.Drop(weights, visible, _options, place);
        }
    }

    private static void MultiplyBy<V>(T* row, T* factors, int count)
        where V : unmanaged, ISimd<V, T>
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int width = Math.Min(V.Count, count - i);
            (V.Load(row + i, width) * V.Load(factors + i, width)).Store(row + i, width);
        }
    }

    private static T Dot<V>(T* a, T* b, int count)
        where V : unmanaged, ISimd<V, T>
    {
        V sum = V.Zero;
        int i = 0;
        for (; i <= count - V.Count; i += V.Count)
        {
            sum = V.MultiplyAdd(V.Load(a + i), V.Load(b + i), sum);
        }

        if (i < count)
        {
            sum = V.MultiplyAdd(V.Load(a + i, count - i), V.Load(b + i, count - i), sum);
        }

        return V.SumAcross(sum);
    }

    private static Destination<T> To(Operand<T> matrix, bool accumulate) => new(matrix.Pointer, matrix.RowStride, accumulate, null);

    private static void ClearRows(Operand<T> matrix, int from, int to, int width)
    {
        for (int row = from; row < to; row++)
        {
            new Span<T>(matrix.From(row, 0).Pointer, width).Clear();
        }
    }

    private static int RoundUp(int size, int multiple) => (size + multiple - 1) / multiple * multiple;
}
