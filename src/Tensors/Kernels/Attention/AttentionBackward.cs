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
/// <remarks>
/// A block of keys with its values and their gradients stays in the L2 cache while tiles of queries pass by. Within a tile scores are made
/// a panel at a time, as on the way forward; the gradients of keys and values then take all of its rows at once.
/// </remarks>
internal readonly unsafe struct AttentionBackward<T>(
    Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, Tensor<T> logSumExp, Tensor<T> outputGradient,
    Tensor<T> qGradient, Tensor<T> kGradient, Tensor<T> vGradient, bool accumulate, AttentionOptions<T> options) : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // A block with all that belongs to it takes about half a megabyte in float at 64 numbers a head.
    private const int KeysAtOnce = 256;
    private const int QueriesAtOnce = 96;

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

    private int Depth => _q.Shape[3];

    private int ValueWidth => _v.Shape[3];

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        for (int item = start; item < end; item++)
        {
            // Without keys too, for the gradient of the queries, which is zero then.
            for (int firstKey = 0; firstKey == 0 || firstKey < _k.Shape[2]; firstKey += KeysAtOnce)
            {
                RunKeys<V>(item, firstKey);
            }
        }
    }

    /// <summary>A block of keys and values of one head, with all queries that see some of them.</summary>
    private void RunKeys<V>(int keyHead, int firstKey)
        where V : unmanaged, ISimd<V, T>
    {
        int keys = _k.Shape[2], queries = _q.Shape[2], group = AttentionTile.GroupSize(_q, _k);
        PrefetchRows(keyHead * group, 0, 2 * Microkernel.Rows<T, V>());
        KeyBlock block = Pack<V>(keyHead, firstKey, Math.Min(KeysAtOnce, keys - firstKey));
        for (int member = 0; member < group; member++)
        {
            for (int first = 0; first < queries; first += QueriesAtOnce)
            {
                int rows = Math.Min(QueriesAtOnce, queries - first);
                if (firstKey == 0 || AttentionTile.Visible(_options, first + rows - 1, keys) > firstKey)
                {
                    RunTile<V>(keyHead * group + member, block, first, rows);
                }
            }
        }

        Operand<T> dk = AttentionTile.Head(_kGradient, keyHead), dv = AttentionTile.Head(_vGradient, keyHead);
        Write<V>(block.KeyGradients, block.DepthStride, dk.From(firstKey, 0), block.Count, Depth, _accumulate);
        Write<V>(block.ValueGradients, block.ValueStride, dv.From(firstKey, 0), block.Count, ValueWidth, _accumulate);
    }

    /// <summary>Packs keys by rows for the scores and by columns for dQ, values by rows for dP, and clears their gradients.</summary>
    private KeyBlock Pack<V>(int keyHead, int firstKey, int count)
        where V : unmanaged, ISimd<V, T>
    {
        int lanes = Microkernel.Columns<T, V>(), width = AttentionTile.RoundUp(count, lanes);
        int depthStride = AttentionTile.RoundUp(Depth, lanes), valueStride = AttentionTile.RoundUp(ValueWidth, lanes);
        Operand<T> k = AttentionTile.Head(_k, keyHead).From(firstKey, 0), v = AttentionTile.Head(_v, keyHead).From(firstKey, 0);
        T* keysByRow = Scratch.Get<T>(Scratch.Slot.Keys, (long)width * Depth + (long)depthStride * count);
        T* keysByColumn = keysByRow + (long)width * Depth;
        T* valuesByRow = Scratch.Get<T>(Scratch.Slot.Values, (long)width * ValueWidth);
        Packing.Pack<T, V>(k, count, Depth, lanes, keysByRow);
        AttentionTile.CopyRows<T, V>(k, count, Depth, keysByColumn, depthStride);
        Packing.Pack<T, V>(v, count, ValueWidth, lanes, valuesByRow);

        long rows = AttentionTile.RoundUp(count, Microkernel.Rows<T, V>());
        T* keyGradients = Scratch.Get<T>(Scratch.Slot.KeyGradients, rows * (depthStride + valueStride));
        new Span<T>(keyGradients, checked((int)(rows * (depthStride + valueStride)))).Clear();
        return new KeyBlock
        {
            FirstKey = firstKey,
            Count = count,
            KeyTiles = new Operand<T>(keysByRow, lanes, Depth),
            Keys = new Operand<T>(keysByColumn, depthStride, 1),
            ValueTiles = new Operand<T>(valuesByRow, lanes, ValueWidth),
            KeyGradients = keyGradients,
            ValueGradients = keyGradients + rows * depthStride,
            DepthStride = depthStride,
            ValueStride = valueStride,
            Stride = AttentionTile.Stride<T, V>(count),
            AreFinite = AttentionProduct.AreFinite<T, V>(k, count, Depth) && AttentionProduct.AreFinite<T, V>(v, count, ValueWidth),
        };
    }

    /// <summary>A tile of queries of one head: adds to the gradients of the block and to dQ.</summary>
    private void RunTile<V>(int item, in KeyBlock block, int first, int rows)
        where V : unmanaged, ISimd<V, T>
    {
        int highest = Microkernel.Rows<T, V>();
        int depth = Depth, valueWidth = ValueWidth, stride = block.Stride;
        Operand<T> q = AttentionTile.Head(_q, item).From(first, 0), dOutput = AttentionTile.Head(_outputGradient, item).From(first, 0);

        // Behind the tile of gradients a panel more, for the slopes of a cap; behind the packed queries the copies of an incomplete panel.
        T* weights = Scratch.Get<T>(Scratch.Slot.Scores, (long)(QueriesAtOnce + highest) * stride);
        T* gradients = Scratch.Get<T>(Scratch.Slot.ScoreGradients, (long)(QueriesAtOnce + 2 * highest) * stride);
        T* slopes = _options.SoftCap > T.Zero ? gradients + (long)(QueriesAtOnce + highest) * stride : null;
        int bothStrides = block.DepthStride + block.ValueStride;
        T* packedQueries = Scratch.Get<T>(Scratch.Slot.Queries, (long)(QueriesAtOnce + 2 * highest) * bothStrides);
        T* packedOutputGradients = packedQueries + (long)QueriesAtOnce * block.DepthStride;
        T* edge = packedQueries + (long)QueriesAtOnce * bothStrides;
        T* queryGradients = edge + (long)highest * bothStrides;
        bool finite = block.AreFinite && AttentionProduct.AreFinite<T, V>(q, rows, depth)
            && AttentionProduct.AreFinite<T, V>(dOutput, rows, valueWidth);

        for (int row = 0, height; row < rows; row += height)
        {
            height = Microkernel.Rows<T, V>(rows - row);
            int present = Math.Min(height, rows - row), seen = Visible(block, first + row + present - 1);
            PrefetchRows(item, first + row + 2 * height, height);
            T* panelWeights = weights + (long)row * stride, panelGradients = gradients + (long)row * stride;
            Operand<T> panel = AttentionTile.WholePanel(q.From(row, 0), present, height, depth, edge);
            AttentionProduct.Run<T, V>(panel, block.KeyTiles, height, seen, depth, panelWeights, stride, accumulate: false);
            panel = AttentionTile.WholePanel(dOutput.From(row, 0), present, height, valueWidth, edge);
            AttentionProduct.Run<T, V>(
                panel, block.ValueTiles, height, seen, valueWidth, panelGradients, stride, accumulate: false);
            ScoreGradients<V>(panelWeights, panelGradients, slopes, item, block, first + row, present, seen);

            var dScores = new Operand<T>(panelGradients, stride, 1);
            AttentionProduct.RunWeighted<T, V>(
                finite, dScores, block.Keys, height, depth, seen, queryGradients, block.DepthStride, accumulate: false);
            Operand<T> dq = AttentionTile.Head(_qGradient, item).From(first + row, 0);
            Write<V>(queryGradients, block.DepthStride, dq, present, depth, _accumulate || block.FirstKey > 0);
        }

        AttentionTile.CopyRows<T, V>(q, rows, depth, packedQueries, block.DepthStride);
        AttentionTile.CopyRows<T, V>(dOutput, rows, valueWidth, packedOutputGradients, block.ValueStride);
        Operand<T> queries = new(packedQueries, block.DepthStride, 1), outputGradients = new(packedOutputGradients, block.ValueStride, 1);
        int seenByTile = Visible(block, first + rows - 1);
        for (int key = 0, height; key < seenByTile; key += height)
        {
            height = Microkernel.Rows<T, V>(seenByTile - key);
            int start = Math.Max(0, AttentionTile.FirstQueryOf(_options, block.FirstKey + key) - first), steps = rows - start;
            var dScores = new Operand<T>(gradients + (long)start * stride + key, 1, stride);
            var kept = new Operand<T>(weights + (long)start * stride + key, 1, stride);
            T* dk = block.KeyGradients + (long)key * block.DepthStride, dv = block.ValueGradients + (long)key * block.ValueStride;
            AttentionProduct.RunWeighted<T, V>(
                finite, dScores, queries.From(start, 0), height, depth, steps, dk, block.DepthStride, accumulate: true);
            AttentionProduct.RunWeighted<T, V>(
                finite, kept, outputGradients.From(start, 0), height, valueWidth, steps, dv, block.ValueStride, accumulate: true);
        }
    }

    private void PrefetchRows(int item, int first, int count)
    {
        AttentionTile.Prefetch(AttentionTile.Head(_q, item), first, count, _q.Shape[2], Depth);
        AttentionTile.Prefetch(AttentionTile.Head(_output, item), first, count, _q.Shape[2], ValueWidth);
        AttentionTile.Prefetch(AttentionTile.Head(_outputGradient, item), first, count, _q.Shape[2], ValueWidth);
        AttentionTile.Prefetch(AttentionTile.Head(_qGradient, item), first, count, _q.Shape[2], Depth);
    }

    /// <summary>How many keys of the block a query sees, counted from the block's first.</summary>
    private int Visible(in KeyBlock block, int query) =>
        Math.Clamp(AttentionTile.Visible(_options, query, _k.Shape[2]) - block.FirstKey, 0, block.Count);

    /// <summary>Makes weights of a panel of scores, and of the gradients of the weights those of the scores.</summary>
    private void ScoreGradients<V>(
        T* weights, T* gradients, T* slopes, int item, in KeyBlock block, int query, int rows, int seen)
        where V : unmanaged, ISimd<V, T>
    {
        int stride = block.Stride;
        Operand<T> dOutput = AttentionTile.Head(_outputGradient, item).From(query, 0);
        Operand<T> output = AttentionTile.Head(_output, item).From(query, 0);
        int* visible = stackalloc int[AttentionTile.MostRows];
        T* deltas = stackalloc T[AttentionTile.MostRows];
        for (int row = 0; row < rows; row++)
        {
            visible[row] = Visible(block, query + row);
            deltas[row] = Rows.Dot<V, T>(dOutput.From(row, 0).Pointer, output.From(row, 0).Pointer, ValueWidth);
        }

        bool drops = _options.Dropout > 0;
        long place = ((long)item * _q.Shape[2] + query) * _k.Shape[2] + block.FirstKey;
        for (int row = 0; row < rows && (drops || AttentionTile.HasScoreOptions(_options)); row++)
        {
            AttentionTile.ApplyOptions<T, V>(
                weights + (long)row * stride, block.FirstKey, visible[row], _options, item, item / _q.Shape[1], query + row,
                slopes is null ? null : slopes + (long)row * stride);
            if (drops)
            {
                AttentionTile.Drop(gradients + (long)row * stride, visible[row], _options, place + (long)row * _k.Shape[2]);
            }
        }

        AttentionTile.WeightsAndGradients<T, V>(
            weights, gradients, stride, rows, visible, AttentionTile.Width<T, V>(seen), AttentionTile.RemainingScale(_options),
            _logSumExp.Pointer + (long)item * _q.Shape[2] + query, deltas, _options.Scale);
        for (int row = 0; row < rows && (drops || slopes is not null); row++)
        {
            if (slopes is not null)
            {
                MultiplyBy<V>(gradients + (long)row * stride, slopes + (long)row * stride, visible[row]);
            }

            if (drops)
            {
                AttentionTile.Drop(weights + (long)row * stride, visible[row], _options, place + (long)row * _k.Shape[2]);
            }
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

    /// <summary>Copies rows to where they belong, or adds them.</summary>
    private static void Write<V>(T* from, int stride, Operand<T> to, int rows, int columns, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows; row++, from += stride)
        {
            T* y = to.From(row, 0).Pointer;
            for (int i = 0; i < columns; i += V.Count)
            {
                int width = Math.Min(V.Count, columns - i);
                V x = V.Load(from + i);
                (accumulate ? V.Load(y + i, width) + x : x).Store(y + i, width);
            }
        }
    }

    /// <summary>A block of keys and values, packed, and the gradients that are collected for them.</summary>
    private readonly struct KeyBlock
    {
        public int FirstKey { get; init; }

        public int Count { get; init; }

        /// <summary>The keys as columns, in panels.</summary>
        public Operand<T> KeyTiles { get; init; }

        /// <summary>The keys as rows.</summary>
        public Operand<T> Keys { get; init; }

        /// <summary>The values as columns, in panels.</summary>
        public Operand<T> ValueTiles { get; init; }

        public T* KeyGradients { get; init; }

        public T* ValueGradients { get; init; }

        public int DepthStride { get; init; }

        public int ValueStride { get; init; }

        /// <summary>Room for a row of scores.</summary>
        public int Stride { get; init; }

        public bool AreFinite { get; init; }
    }
}
