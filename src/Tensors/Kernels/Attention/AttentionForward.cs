using System.Numerics;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>The forward pass of <see cref="Attention"/>; its items are the queries' heads of all examples.</summary>
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
        {
            RunHead<V>(item);
        }
    }

    private void RunHead<V>(int item)
        where V : unmanaged, ISimd<V, T>
    {
        int queries = _q.Shape[2], keys = _k.Shape[2], depth = _q.Shape[3], valueWidth = _v.Shape[3];
        int lanes = Microkernel.Columns<T, V>();
        int keyHead = item / AttentionTile.GroupSize(_q, _k);
        Operand<T> q = AttentionTile.Head(_q, item), k = AttentionTile.Head(_k, keyHead), v = AttentionTile.Head(_v, keyHead);
        Operand<T> output = AttentionTile.Head(_output, item);
        T* logSumExp = _logSumExp.Pointer + (long)item * queries;

        int width = RoundUp(keys, lanes);
        T* packedKeys = Scratch.Get<T>(Scratch.Slot.Keys, (long)width * depth);
        Packing.Pack<T, V>(k, keys, depth, lanes, packedKeys);
        T* packedValues = Scratch.Get<T>(Scratch.Slot.Values, (long)RoundUp(valueWidth, lanes) * keys);
        Packing.Pack<T, V>(new Operand<T>(v.Pointer, 1, v.RowStride), valueWidth, keys, lanes, packedValues);

        int tileRows = AttentionTile.Rows(keys);
        T* scores = Scratch.Get<T>(Scratch.Slot.Scores, (long)tileRows * width);
        for (int first = 0; first < queries; first += tileRows)
        {
            int rows = Math.Min(tileRows, queries - first);
            int seen = AttentionTile.Visible(_options, first + rows - 1, keys);
            GemmBlock.Run<T, V>(q.From(first, 0), packedKeys, depth, rows, seen, depth, new Destination<T>(scores, width, false, null));
            for (int row = 0; row < rows; row++)
            {
                logSumExp[first + row] = Weights<V>(scores + (long)row * width, item, first + row, keys, seen);
            }

            GemmBlock.Run<T, V>(
                new Operand<T>(scores, width, 1), packedValues, keys, rows, valueWidth, seen,
                new Destination<T>(output.From(first, 0).Pointer, output.RowStride, false, null));
        }
    }

    /// <summary>Turns a row of scores into weights that sum to one and returns the logarithm of the sum of their exponentials.</summary>
    private T Weights<V>(T* scores, int item, int query, int keys, int width)
        where V : unmanaged, ISimd<V, T>
    {
        int visible = AttentionTile.Visible(_options, query, keys);
        T scale = _options.Scale;
        if (_options.ChangesScores)
        {
            AttentionTile.ChangeScores<T, V>(scores, visible, _options, item, query, null);
            scale = T.One;
        }

        if (!_options.Padding.IsEmpty)
        {
            AttentionTile.HidePadding(scores, _options.Padding.Pointer + (long)(item / _q.Shape[1]) * keys, visible);
        }

        T max = AttentionTile.Max<T, V>(scores, visible);
        if (T.IsNegativeInfinity(max))
        {
            // Nothing to see: no weight at all, rather than 0/0.
            new Span<T>(scores, width).Clear();
            return T.NegativeInfinity;
        }

        T shift = max * scale;
        T sum = AttentionTile.Exponentials<T, V>(scores, visible, width, scale, shift);
        V inverse = V.Broadcast(T.One / sum);
        int i = 0;
        for (; i <= visible - V.Count; i += V.Count)
        {
            (V.Load(scores + i) * inverse).Store(scores + i);
        }

        if (i < visible)
        {
            (V.Load(scores + i, visible - i) * inverse).Store(scores + i, visible - i);
        }

        if (_options.Dropout > 0)
        {
            AttentionTile.Drop(scores, visible, _options, ((long)item * _q.Shape[2] + query) * keys);
        }

        return shift + T.Log(sum);
    }

    private static int RoundUp(int size, int multiple) => (size + multiple - 1) / multiple * multiple;
}
