using System.Numerics;
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
internal readonly unsafe partial struct AttentionBackward<T>(
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
                RunKeys<V>(item, firstKey, end);
        }
    }

    /// <summary>A block of keys and values of one head, with all queries that see some of them.</summary>
    private void RunKeys<V>(int keyHead, int firstKey, int end)
        where V : unmanaged, ISimd<V, T>
    {
        int keys = _k.Shape[2], queries = _q.Shape[2], group = AttentionTile.GroupSize(_q, _k);
        KeyBlock block = Pack<V>(new KeyHead(this, keyHead, firstKey)) with { Next = Next(keyHead, firstKey, end) };

        // Keys whose gradients were begun: the first tile of queries that sees a key writes them, later ones add to them.
        int begun = _accumulate ? block.Count : 0;
        for (int member = 0; member < group; member++)
        {
            var head = new QueryHead(this, keyHead * group + member);
            head.Prefetch(0, 2 * Microkernel.Rows<T, V>());
            for (int first = 0; first < queries; first += QueriesAtOnce)
            {
                int rows = Math.Min(QueriesAtOnce, queries - first);
                if (firstKey == 0 || AttentionTile.Visible(_options, first + rows - 1, keys) > firstKey)
                    begun = RunTile<V>(head, block, first, rows, begun);
            }
        }

        Clear(block, begun, block.Count);
    }

    /// <summary>The gradients of keys that nothing is, or nothing but a part of a panel will be, written to.</summary>
    private void Clear(in KeyBlock block, int firstKey, int end)
    {
        for (int key = firstKey; key < end; key++)
        {
            new Span<T>(block.Head.KGradient.From(key, 0).Pointer, Depth).Clear();
            new Span<T>(block.Head.VGradient.From(key, 0).Pointer, ValueWidth).Clear();
        }
    }

    /// <summary>Packs keys by rows for the scores and by columns for dQ, and values by rows for dP.</summary>
    private KeyBlock Pack<V>(in KeyHead head)
        where V : unmanaged, ISimd<V, T>
    {
        int lanes = Microkernel.Columns<T, V>(), count = head.Count, width = AttentionTile.RoundUp(count, lanes);
        int depthStride = AttentionTile.RoundUp(Depth, lanes), valueStride = AttentionTile.RoundUp(ValueWidth, lanes);
        T* keysByRow = Scratch.Get<T>(Scratch.Slot.Keys, (long)width * Depth + (long)depthStride * count);
        T* keysByColumn = keysByRow + (long)width * Depth;
        T* valuesByRow = Scratch.Get<T>(Scratch.Slot.Values, (long)width * ValueWidth);
        Packing.Pack<T, V>(head.K, count, Depth, lanes, keysByRow);
        bool finite = AttentionTile.CopyRows<T, V>(head.K, count, Depth, keysByColumn, depthStride);
        Packing.Pack<T, V>(head.V, count, ValueWidth, lanes, valuesByRow);
        return new KeyBlock
        {
            FirstKey = head.FirstKey,
            Count = count,
            Head = head,
            KeyTiles = new Operand<T>(keysByRow, lanes, Depth),
            Keys = new Operand<T>(keysByColumn, depthStride, 1),
            ValueTiles = new Operand<T>(valuesByRow, lanes, ValueWidth),
            DepthStride = depthStride,
            ValueStride = valueStride,
            Stride = AttentionTile.Stride<T, V>(count),
            AreFinite = finite,
        };
    }

    /// <summary>
    /// A tile of queries of one head: adds to dQ and to the gradients of the block, and begins those of keys from <paramref name="begun"/> on.
    /// </summary>
    /// <returns>How many keys' gradients have been begun.</returns>
    private int RunTile<V>(in QueryHead head, in KeyBlock block, int first, int rows, int begun)
        where V : unmanaged, ISimd<V, T>
    {
        int highest = Microkernel.Rows<T, V>();
        int depth = Depth, valueWidth = ValueWidth, stride = block.Stride;
        Operand<T> q = head.Q.From(first, 0), dOutput = head.OutputGradient.From(first, 0);

        // Behind the tile of gradients two panels more, for the slopes of a cap and the bits of dropout; behind the packed queries the copies of an incomplete panel
        // and a panel of results.
        T* weights = Scratch.Get<T>(Scratch.Slot.Scores, (long)(QueriesAtOnce + highest) * stride);
        T* gradients = Scratch.Get<T>(Scratch.Slot.ScoreGradients, (long)(QueriesAtOnce + 3 * highest) * stride);
        T* slopes = _options.SoftCap > T.Zero ? gradients + (long)(QueriesAtOnce + highest) * stride : null;
        uint* bits = (uint*)(gradients + (long)(QueriesAtOnce + 2 * highest) * stride);
        int bothStrides = block.DepthStride + block.ValueStride;
        T* packedQueries = Scratch.Get<T>(Scratch.Slot.Queries, (long)(QueriesAtOnce + 2 * highest) * bothStrides);
        T* packedOutputGradients = packedQueries + (long)QueriesAtOnce * block.DepthStride;
        T* edge = packedQueries + (long)QueriesAtOnce * bothStrides;
        T* tile = edge + (long)highest * bothStrides;
        bool finite = AttentionTile.CopyRows<T, V>(q, rows, depth, packedQueries, block.DepthStride)
            & AttentionTile.CopyRows<T, V>(dOutput, rows, valueWidth, packedOutputGradients, block.ValueStride)
            & block.AreFinite;
        Operand<T> queries = new(packedQueries, block.DepthStride, 1), outputGradients = new(packedOutputGradients, block.ValueStride, 1);

        for (int row = 0, height; row < rows; row += height)
        {
            height = Microkernel.Rows<T, V>(rows - row);
            int present = Math.Min(height, rows - row), seen = Visible(block, first + row + present - 1);
            head.Prefetch(first + row + 2 * height, height);
            block.Next.Prefetch((first + row) % KeysAtOnce, height);
            T* panelWeights = weights + (long)row * stride, panelGradients = gradients + (long)row * stride;
            Operand<T> panel = AttentionTile.WholePanel(q.From(row, 0), present, height, depth, edge);
            AttentionProduct.Run<T, V>(panel, block.KeyTiles, height, seen, depth, panelWeights, stride, accumulate: false);
            panel = AttentionTile.WholePanel(dOutput.From(row, 0), present, height, valueWidth, edge);
            AttentionProduct.Run<T, V>(
                panel, block.ValueTiles, height, seen, valueWidth, panelGradients, stride, accumulate: false);
            ScoreGradients<V>(panelWeights, panelGradients, slopes, bits, head, block, first + row, present, seen);

            var dScores = new Operand<T>(panelGradients, stride, 1);
            AddWeighted<V>(
                finite, dScores, block.Keys, height, depth, seen, tile, head.QGradient.From(first + row, 0), present,
                _accumulate || block.FirstKey > 0);
        }

        int seenByTile = Visible(block, first + rows - 1);
        for (int key = 0, height; key < seenByTile; key += height)
        {
            height = Microkernel.Rows<T, V>(seenByTile - key);
            int present = Math.Min(height, block.Count - key);
            int start = Math.Max(0, AttentionTile.FirstQueryOf(_options, block.FirstKey + key) - first), steps = rows - start;
            var dScores = new Operand<T>(gradients + (long)start * stride + key, 1, stride);
            var kept = new Operand<T>(weights + (long)start * stride + key, 1, stride);
            Operand<T> dk = block.Head.KGradient.From(key, 0), dv = block.Head.VGradient.From(key, 0);
            bool accumulate = key < begun;
            if (accumulate)
                Clear(block, begun, key + present);

            begun = Math.Max(begun, key + present);
            AddWeighted<V>(finite, dScores, queries.From(start, 0), height, depth, steps, tile, dk, present, accumulate);
            AddWeighted<V>(finite, kept, outputGradients.From(start, 0), height, valueWidth, steps, tile, dv, present, accumulate);
        }

        return begun;
    }

    /// <summary>
    /// A panel of weights times rows, written or added to where it belongs: at once if it has as many rows and columns as are computed,
    /// else by way of a tile.
    /// </summary>
    private static void AddWeighted<V>(
        bool finite, Operand<T> a, Operand<T> b, int height, int columns, int depth, T* tile, Operand<T> to, int present, bool accumulate)
        where V : unmanaged, ISimd<V, T>
    {
        if (present == height && NarrowTile.Columns<T, V>(columns) == columns)
        {
            AttentionProduct.RunWeighted<T, V>(finite, a, b, height, columns, depth, to.Pointer, to.RowStride, accumulate);
            return;
        }

        int stride = AttentionTile.RoundUp(columns, Microkernel.Columns<T, V>());
        AttentionProduct.RunWeighted<T, V>(finite, a, b, height, columns, depth, tile, stride, accumulate: false);
        Write<V>(tile, stride, to, present, columns, accumulate);
    }

    /// <summary>
    /// The block that comes after another one on the same thread, if any does: what another thread works on must not be taken from it.
    /// </summary>
    private KeyHead Next(int keyHead, int firstKey, int end) =>
        firstKey + KeysAtOnce < _k.Shape[2] ? new KeyHead(this, keyHead, firstKey + KeysAtOnce)
        : keyHead + 1 < end ? new KeyHead(this, keyHead + 1, 0)
        : default;

    /// <summary>How many keys of the block a query sees, counted from the block's first.</summary>
    private int Visible(in KeyBlock block, int query) =>
        Math.Clamp(AttentionTile.Visible(_options, query, _k.Shape[2]) - block.FirstKey, 0, block.Count);

    /// <summary>Makes weights of a panel of scores, and of the gradients of the weights those of the scores.</summary>
    private void ScoreGradients<V>(
        T* weights, T* gradients, T* slopes, uint* bits, in QueryHead head, in KeyBlock block, int query, int rows, int seen)
        where V : unmanaged, ISimd<V, T>
    {
        int stride = block.Stride, item = head.Item;
        int* visible = stackalloc int[AttentionTile.MostRows];
        T* deltas = stackalloc T[AttentionTile.MostRows];
        for (int row = 0; row < rows; row++)
            visible[row] = Visible(block, query + row);

        AttentionTile.Dots<T, V>(head.OutputGradient.From(query, 0), head.Output.From(query, 0), rows, ValueWidth, deltas);

        bool drops = _options.Dropout > 0;
        long place = ((long)item * _q.Shape[2] + query) * _k.Shape[2] + block.FirstKey;
        for (int row = 0; row < rows && (drops || AttentionTile.HasScoreOptions(_options)); row++)
        {
            AttentionTile.ApplyOptions<T, V>(
                weights + (long)row * stride, block.FirstKey, visible[row], _options, item, item / _q.Shape[1], query + row,
                slopes is null ? null : slopes + (long)row * stride);
            if (drops)
            {
                // Drawn once for the two that they drop: a gradient here, and its weight below.
                uint* rowBits = bits + (long)row * stride;
                _options.DropoutStream.FillBits(new Span<uint>(rowBits, visible[row]), (ulong)(place + (long)row * _k.Shape[2]));
                AttentionTile.Drop<T, V>(gradients + (long)row * stride, visible[row], _options, rowBits);
            }
        }

        AttentionTile.WeightsAndGradients<T, V>(
            weights, gradients, stride, rows, visible, AttentionTile.Width<T, V>(seen), AttentionTile.RemainingScale(_options),
            _logSumExp.Pointer + 2 * ((long)item * _q.Shape[2] + query), deltas, _options.Scale);
        for (int row = 0; row < rows && (drops || slopes is not null); row++)
        {
            if (slopes is not null)
                MultiplyBy<V>(gradients + (long)row * stride, slopes + (long)row * stride, visible[row]);

            if (drops)
                AttentionTile.Drop<T, V>(weights + (long)row * stride, visible[row], _options, bits + (long)row * stride);
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
}
