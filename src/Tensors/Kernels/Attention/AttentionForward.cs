using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The forward pass of <see cref="Attention"/>; its items are the queries' heads of all examples. A panel of queries, as many as the
/// microkernel's tile is high, goes from scores to output while its scores are in the nearest cache; it sees no more keys than its last
/// query does.
/// </summary>
internal readonly unsafe struct AttentionForward<T>(
    Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, Tensor<T> logSumExp, AttentionOptions<T> options) : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tensor<T> _q = q;
    private readonly Tensor<T> _k = k;
    private readonly Tensor<T> _v = v;
    private readonly Tensor<T> _output = output;
    private readonly Tensor<T> _logSumExp = logSumExp;
    private readonly AttentionOptions<T> _options = options;

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        for (int item = start; item < end; item++)
            RunHead<V>(item);
    }

    private void RunHead<V>(int item)
        where V : unmanaged, ISimd<V, T>
    {
        int queries = _q.Shape[2], keys = _k.Shape[2], depth = _q.Shape[3], valueWidth = _v.Shape[3];
        int lanes = Microkernel.Columns<T, V>(), packedValueWidth = AttentionTile.RoundUp(valueWidth, lanes);
        int keyHead = item / AttentionTile.GroupSize(_q, _k);
        Operand<T> q = AttentionTile.Head(_q, item), k = AttentionTile.Head(_k, keyHead), v = AttentionTile.Head(_v, keyHead);
        Operand<T> output = AttentionTile.Head(_output, item);
        T* logSumExp = _logSumExp.Pointer + 2L * item * queries;

        // Keys by tiles, in panels; values by rows. Both are packed when the first panel of queries sees them.
        T* packedKeys = Scratch.Get<T>(Scratch.Slot.Keys, (long)AttentionTile.RoundUp(keys, lanes) * depth);
        T* packedValues = Scratch.Get<T>(Scratch.Slot.Values, (long)packedValueWidth * keys);
        int packed = 0;
        bool finite = true;

        int highest = Microkernel.Rows<T, V>(), stride = AttentionTile.Stride<T, V>(keys);
        T* scores = Scratch.Get<T>(Scratch.Slot.Scores, (long)AttentionTile.RowsWithRoom(highest) * stride);
        T* edge = Scratch.Get<T>(Scratch.Slot.Queries, (long)highest * (depth + packedValueWidth));
        T* tile = edge + (long)highest * depth;

        // Of all queries, so that their logarithms are taken at once.
        T* maxima = Scratch.Get<T>(Scratch.Slot.Partials, 2L * (queries + AttentionTile.MostRows));
        T* sums = maxima + queries + AttentionTile.MostRows;
        int* visible = stackalloc int[AttentionTile.MostRows];
        for (int first = 0, height; first < queries; first += height)
        {
            height = Microkernel.Rows<T, V>(queries - first);
            int rows = Math.Min(height, queries - first);
            int seen = AttentionTile.Visible(_options, first + rows - 1, keys);
            AttentionTile.Prefetch(q, first + 2 * height, height, queries, depth);
            AttentionTile.Prefetch(output, first + height, height, queries, valueWidth);
            if (_options.Causal)
            {
                AttentionTile.Prefetch(k, seen + height, height, keys, depth);
                AttentionTile.Prefetch(v, seen + height, height, keys, valueWidth);
            }

            if (seen > packed)
            {
                int end = Math.Min(keys, AttentionTile.RoundUp(seen, lanes));
                Packing.Pack<T, V>(k.From(packed, 0), end - packed, depth, lanes, packedKeys + (long)packed * depth);
                finite &= AttentionTile.CopyRows<T, V>(
                    v.From(packed, 0), end - packed, valueWidth, packedValues + (long)packed * packedValueWidth, packedValueWidth);
                packed = end;
            }

            Operand<T> panel = AttentionTile.WholePanel(q.From(first, 0), rows, height, depth, edge);
            AttentionProduct.Run<T, V>(
                panel, new Operand<T>(packedKeys, lanes, depth), height, seen, depth, scores, stride, accumulate: false);
            for (int row = 0; row < AttentionTile.RowsWithRoom(rows); row++)
                visible[row] = Math.Min(seen, AttentionTile.Visible(_options, first + row, keys));

            Softmax<V>(scores, stride, item, first, rows, visible, AttentionTile.RoundUp(seen, V.Count), maxima + first, sums + first);
            Operand<T> weights = new(scores, stride, 1), values = new(packedValues, packedValueWidth, 1);
            AttentionProduct.RunWeighted<T, V>(
                finite, weights, values, height, valueWidth, seen, tile, packedValueWidth, accumulate: false);
            WriteQuotients<V>(tile, packedValueWidth, sums + first, output.From(first, 0), rows, valueWidth);
        }

        WriteLogSumExp<V>(maxima, sums, logSumExp, queries);
    }

    /// <summary>Replaces the scores of a panel by weights that are still to be divided by their sums.</summary>
    private void Softmax<V>(T* scores, int stride, int item, int query, int rows, int* visible, int width, T* maxima, T* sums)
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows && AttentionTile.HasScoreOptions(_options); row++)
        {
            AttentionTile.ApplyOptions<T, V>(
                scores + (long)row * stride, 0, visible[row], _options, item, item / _q.Shape[1], query + row, slopes: null);
        }

        AttentionTile.Maxima<T, V>(scores, stride, rows, visible, width, maxima);
        AttentionTile.Exponentials<T, V>(scores, stride, rows, width, maxima, AttentionTile.RemainingScale(_options), sums);
        for (int row = 0; row < rows && _options.Dropout > 0; row++)
        {
            long place = ((long)item * _q.Shape[2] + query + row) * _k.Shape[2];
            AttentionTile.Drop<T, V>(scores + (long)row * stride, visible[row], _options, place);
        }
    }

    /// <summary>For each row a shift and ln Σ e^((score - shift) · scale), see <see cref="ShiftedLogSumExp"/>.</summary>
    private void WriteLogSumExp<V>(T* maxima, T* sums, T* to, int rows)
        where V : unmanaged, ISimd<V, T>
    {
        for (int i = 0; i < rows; i += V.Count)
            V.Log(V.Load(sums + i)).Store(sums + i);

        T scale = AttentionTile.RemainingScale(_options);
        for (int row = 0; row < rows; row++)
            ShiftedLogSumExp.Write(to + 2L * row, maxima[row] * scale + sums[row], maxima[row], sums[row]);
    }

    private static void WriteQuotients<V>(T* from, int stride, T* divisors, Operand<T> to, int rows, int columns)
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows; row++, from += stride)
        {
            V factor = V.Broadcast(T.One / divisors[row]);
            T* y = to.Pointer + row * to.RowStride;
            int i = 0;
            for (; i <= columns - V.Count; i += V.Count)
                (V.Load(from + i) * factor).Store(y + i);

            if (i < columns)
                (V.Load(from + i) * factor).Store(y + i, columns - i);
        }
    }
}
