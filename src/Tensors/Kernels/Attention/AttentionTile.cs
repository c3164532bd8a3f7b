using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>What the forward and the backward pass share: which keys a query sees, and the passes over rows of scores.</summary>
internal static unsafe class AttentionTile
{
    /// <summary>The rows of the highest tile, in whole vectors.</summary>
    public const int MostRows = 16;

    // Rows whose sums across a vector are taken together.
    private const int RowsAtOnce = 4;

    // What lies behind the visible scores of a row and is multiplied all the same, since whole tiles are: less than a tile's rows.
    private const int Behind = 12;

    /// <summary>Room for a row of so many scores, which is written in whole tiles.</summary>
    public static int Stride<T, V>(int keys)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => RoundUp(keys + Behind, Microkernel.Columns<T, V>());

    /// <summary>
    /// The scores of a row that are worked on where the last row of a panel sees so many keys: whole vectors, the same for all rows of the
    /// panel, and enough that tiles of keys find zeros behind what is visible.
    /// </summary>
    public static int Width<T, V>(int seen)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => RoundUp(seen + Behind, V.Count);

    /// <summary>Rows that a buffer of scores needs for panels of so many rows.</summary>
    public static int RowsWithRoom(int rows) => RoundUp(rows, RowsAtOnce);

    /// <summary>The least multiple that is not below a size.</summary>
    public static int RoundUp(int size, int multiple) => (size + multiple - 1) / multiple * multiple;

    /// <summary>How many keys a query sees, counted from the first: all, or those up to its own position.</summary>
    public static int Visible<T>(in AttentionOptions<T> options, int query, int keys)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        options.Causal ? Math.Clamp(options.FirstQuery + query + 1, 0, keys) : keys;

    /// <summary>The first query that sees a key; below 0 if there were some before the first one.</summary>
    public static int FirstQueryOf<T>(in AttentionOptions<T> options, int key)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => options.Causal ? key - options.FirstQuery : 0;

    /// <summary>Whether rows of scores need more than the products before their softmax.</summary>
    public static bool HasScoreOptions<T>(in AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => options.ChangesScores || !options.Padding.IsEmpty;

    /// <summary>What scores are still to be multiplied with: nothing where <see cref="ApplyOptions{T, V}"/> has scaled them.</summary>
    public static T RemainingScale<T>(in AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => options.ChangesScores ? T.One : options.Scale;

    /// <summary>How many of the queries' heads share one head of keys and values.</summary>
    public static int GroupSize<T>(in Tensor<T> q, in Tensor<T> k)
        where T : unmanaged => q.Shape[1] / Math.Max(1, k.Shape[1]);

    /// <summary>One head of one example of a [B, H, T, D] tensor.</summary>
    public static Operand<T> Head<T>(in Tensor<T> tensor, int item)
        where T : unmanaged
    {
        (int example, int head) = Math.DivRem(item, tensor.Shape[1]);
        return new Operand<T>(
            tensor.Pointer + (long)example * tensor.Stride(0) + (long)head * tensor.Stride(1), tensor.Stride(2), 1);
    }

    /// <summary>Rows as high as a tile: those of the matrix, or where they are too few a copy of them with room for the rest.</summary>
    public static Operand<T> WholePanel<T>(Operand<T> matrix, int rows, int height, int columns, T* copy)
        where T : unmanaged
    {
        if (rows == height)
            return matrix;

        for (int row = 0; row < rows; row++)
            new Span<T>(matrix.From(row, 0).Pointer, columns).CopyTo(new Span<T>(copy + (nint)row * columns, columns));

        return new Operand<T>(copy, columns, 1);
    }

    /// <summary>
    /// Copies rows so that they lie side by side, <paramref name="stride"/> elements apart: whole tiles, with zeros at their ends. Says
    /// whether all elements are finite.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool CopyRows<T, V>(Operand<T> from, int rows, int columns, T* to, int stride)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        // 0 times anything else is NaN, and a sum keeps it.
        V check = V.Zero;
        for (int row = 0; row < rows; row++, to += stride)
        {
            T* x = from.Pointer + row * from.RowStride;
            int i = 0;
            for (; i <= columns - V.Count; i += V.Count)
            {
                V whole = V.Load(x + i);
                whole.Store(to + i);
                V.AddProduct(ref check, whole, V.Zero);
            }

            for (; i < stride; i += V.Count)
            {
                V rest = i < columns ? V.Load(x + i, columns - i) : V.Zero;
                rest.Store(to + i);
                V.AddProduct(ref check, rest, V.Zero);
            }
        }

        return T.IsZero(V.SumAcross(check));
    }

    /// <summary>
    /// Fetches rows that will soon be read, those from <paramref name="first"/> on of <paramref name="all"/>: heads lie apart in packed
    /// projections, so that the processor does not see by itself what comes next.
    /// </summary>
    public static void Prefetch<T>(Operand<T> matrix, int first, int count, int all, int columns)
        where T : unmanaged
    {
        int end = Math.Min(all, first + count);
        for (int row = first; row < end; row++)
        {
            T* x = matrix.Pointer + row * matrix.RowStride;
            for (int i = 0; i < columns; i += Cache.LineBytes / sizeof(T))
                Cache.Prefetch(x + i);
        }
    }

    /// <summary>The dot products of the rows of two matrices, four at a time; room for <see cref="MostRows"/> is needed.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Dots<T, V>(Operand<T> a, Operand<T> b, int rows, int columns, T* dots)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows; row += RowsAtOnce)
        {
            // Behind the last row comes the last row again.
            int row1 = Math.Min(row + 1, rows - 1), row2 = Math.Min(row + 2, rows - 1), row3 = Math.Min(row + 3, rows - 1);
            T* a0 = a.From(row, 0).Pointer, a1 = a.From(row1, 0).Pointer, a2 = a.From(row2, 0).Pointer, a3 = a.From(row3, 0).Pointer;
            T* b0 = b.From(row, 0).Pointer, b1 = b.From(row1, 0).Pointer, b2 = b.From(row2, 0).Pointer, b3 = b.From(row3, 0).Pointer;
            V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
            int i = 0;
            for (; i <= columns - V.Count; i += V.Count)
            {
                V.AddProduct(ref sum0, V.Load(a0 + i), V.Load(b0 + i));
                V.AddProduct(ref sum1, V.Load(a1 + i), V.Load(b1 + i));
                V.AddProduct(ref sum2, V.Load(a2 + i), V.Load(b2 + i));
                V.AddProduct(ref sum3, V.Load(a3 + i), V.Load(b3 + i));
            }

            if (i < columns)
            {
                int rest = columns - i;
                V.AddProduct(ref sum0, V.Load(a0 + i, rest), V.Load(b0 + i, rest));
                V.AddProduct(ref sum1, V.Load(a1 + i, rest), V.Load(b1 + i, rest));
                V.AddProduct(ref sum2, V.Load(a2 + i, rest), V.Load(b2 + i, rest));
                V.AddProduct(ref sum3, V.Load(a3 + i, rest), V.Load(b3 + i, rest));
            }

            new Span<T>(dots + row, RowsAtOnce).Clear();
            V.AddSums(sum0, sum1, sum2, sum3, dots + row);
        }
    }

    /// <summary>Makes of a row of raw scores what the softmax sees: scaled and capped, the mask added, the padding hidden.</summary>
    /// <param name="scores">The row.</param>
    /// <param name="firstKey">The key of its first score.</param>
    /// <param name="count">How many keys the query sees from there on.</param>
    /// <param name="options">With a mask of [B, H, Tq, Tk], or none.</param>
    /// <param name="item">The head of an example that the row belongs to.</param>
    /// <param name="example">The example.</param>
    /// <param name="query">The row's query.</param>
    /// <param name="slopes">Gets the derivatives of the capped scores by the scaled ones; null where there is no cap, or no need.</param>
    public static void ApplyOptions<T, V>(
        T* scores, int firstKey, int count, in AttentionOptions<T> options, int item, int example, int query, T* slopes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        if (options.ChangesScores)
            ChangeScores<T, V>(scores, firstKey, count, options, item, query, slopes);

        if (!options.Padding.IsEmpty)
            HidePadding(scores, options.Padding.Pointer + (long)example * options.Padding.Shape[1] + firstKey, count);
    }

    private static void ChangeScores<T, V>(
        T* scores, int firstKey, int count, in AttentionOptions<T> options, int item, int query, T* slopes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        bool capped = options.SoftCap > T.Zero, masked = !options.Mask.IsEmpty;
        T* mask = masked ? Head(options.Mask, item).From(query, firstKey).Pointer : null;
        V factor = V.Broadcast(capped ? options.Scale / options.SoftCap : options.Scale);
        V cap = V.Broadcast(options.SoftCap), one = SimdMath.Constant<V, T>(1);
        for (int i = 0; i < count; i += V.Count)
        {
            int width = Math.Min(V.Count, count - i);
            V score = V.Load(scores + i, width) * factor;
            if (capped)
            {
                V tanh = SimdMath.Tanh<V, T>(score);
                score = tanh * cap;
                if (slopes is not null)
                    (one - tanh * tanh).Store(slopes + i, width);
            }

            (masked ? score + V.Load(mask + i, width) : score).Store(scores + i, width);
        }
    }

    private static void HidePadding<T>(T* scores, byte* padding, int visible)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int key = 0; key < visible; key++)
        {
            if (padding[key] != 0)
                scores[key] = T.NegativeInfinity;
        }
    }

    /// <summary>Puts -infinity behind the visible scores of a row, from <paramref name="from"/> up to its width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V HideBehind<T, V>(T* scores, int visible, int from, int width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V hidden = V.Broadcast(T.NegativeInfinity), max = hidden;
        for (int i = from; i < width; i += V.Count)
        {
            V score = V.Select(V.MaskOfFirst(visible - i), V.Load(scores + i), hidden);
            score.Store(scores + i);
            max = V.AtLeast(score, max);
        }

        return max;
    }

    /// <summary>
    /// Hides what the rows of a panel do not see, and finds the greatest score of each: NaN if all are NaN, -infinity where there is
    /// nothing to see.
    /// </summary>
    /// <remarks>
    /// Rows are taken <see cref="RowsAtOnce"/> at a time, which share the steps across their vectors: so the buffers have room for as many,
    /// and <paramref name="visible"/> and <paramref name="maxima"/> for <see cref="MostRows"/>.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Maxima<T, V>(T* scores, int stride, int rows, int* visible, int width, T* maxima)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows; row += RowsAtOnce, scores += (long)RowsAtOnce * stride)
        {
            T* scores1 = scores + stride, scores2 = scores1 + stride, scores3 = scores2 + stride;
            V max0 = V.Broadcast(T.NegativeInfinity), max1 = max0, max2 = max0, max3 = max0;

            // The first row sees the least.
            int whole = visible[row] / V.Count * V.Count;
            for (int i = 0; i < whole; i += V.Count)
            {
                max0 = V.AtLeast(V.Load(scores + i), max0);
                max1 = V.AtLeast(V.Load(scores1 + i), max1);
                max2 = V.AtLeast(V.Load(scores2 + i), max2);
                max3 = V.AtLeast(V.Load(scores3 + i), max3);
            }

            // A NaN may be lost on the way, which does no harm: its exponential brings it back.
            V.StoreMaxima(
                V.AtLeast(HideBehind<T, V>(scores, visible[row], whole, width), max0),
                V.AtLeast(HideBehind<T, V>(scores1, visible[row + 1], whole, width), max1),
                V.AtLeast(HideBehind<T, V>(scores2, visible[row + 2], whole, width), max2),
                V.AtLeast(HideBehind<T, V>(scores3, visible[row + 3], whole, width), max3),
                maxima + row);
        }
    }

    /// <summary>
    /// Replaces scores s by exp((s − max) · scale); gives the sum of each row, and 1 instead of 0 where there is nothing to see, so that
    /// there is no 0/0. Rows as in <see cref="Maxima{T, V}"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Exponentials<T, V>(T* scores, int stride, int rows, int width, T* maxima, T scale, T* sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V factor = V.Broadcast(scale * T.CreateTruncating(SimdMath.Log2OfE));
        for (int row = 0; row < rows; row += RowsAtOnce, scores += (long)RowsAtOnce * stride)
        {
            T* scores1 = scores + stride, scores2 = scores1 + stride, scores3 = scores2 + stride;
            V shift0 = Shift<T, V>(maxima[row]), shift1 = Shift<T, V>(maxima[row + 1]);
            V shift2 = Shift<T, V>(maxima[row + 2]), shift3 = Shift<T, V>(maxima[row + 3]);
            V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
            for (int i = 0; i < width; i += V.Count)
            {
                sum0 += Exponential<T, V>(scores + i, shift0, factor);
                sum1 += Exponential<T, V>(scores1 + i, shift1, factor);
                sum2 += Exponential<T, V>(scores2 + i, shift2, factor);
                sum3 += Exponential<T, V>(scores3 + i, shift3, factor);
            }

            new Span<T>(sums + row, RowsAtOnce).Clear();
            V.AddSums(sum0, sum1, sum2, sum3, sums + row);
        }

        for (int row = 0; row < rows; row++)
            sums[row] = T.IsZero(sums[row]) ? T.One : sums[row];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Shift<T, V>(T max)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => V.Broadcast(T.IsNegativeInfinity(max) ? T.Zero : max);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Exponential<T, V>(T* score, V shift, V factor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V e = SimdMath.Exp2<V, T>((V.Load(score) - shift) * factor);
        e.Store(score);
        return e;
    }

    /// <summary>
    /// The way back for a panel: scores s become weights p = exp((s − shift) · scale − logSumExp), and gradients g of the weights become those of the
    /// scores, p · (g − delta) · gradientScale. A weight of zero has no gradient, whatever it would have weighed.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void WeightsAndGradients<T, V>(
        T* scores, T* gradients, int stride, int rows, int* visible, int width, T scale, T* shiftsAndLogSumExps, T* deltas, T gradientScale)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        T log2OfE = T.CreateTruncating(SimdMath.Log2OfE);
        V factor = V.Broadcast(scale * log2OfE), scaled = V.Broadcast(gradientScale), lowest = V.Broadcast(T.NegativeInfinity);
        for (int row = 0; row < rows; row++, scores += stride, gradients += stride)
        {
            HideBehind<T, V>(scores, visible[row], visible[row] / V.Count * V.Count, width);

            // A row that sees nothing keeps nothing. No weight is over 1, but huge scores may round to more.
            T logSumExp = shiftsAndLogSumExps[2 * row + 1];
            V shift = V.Broadcast(shiftsAndLogSumExps[2 * row]);
            V offset = V.Broadcast(T.IsNegativeInfinity(logSumExp) ? T.NegativeInfinity : -logSumExp * log2OfE);
            V mean = V.Broadcast(deltas[row]);
            for (int i = 0; i < width; i += V.Count)
            {
                V score = V.Load(scores + i);
                V p = SimdMath.Exp2<V, T>(V.Clamp(V.MultiplyAdd(score - shift, factor, offset), lowest, V.Zero));
                p = V.Select(V.Equal(score, lowest), V.Zero, p); // hidden, even where logSumExp is NaN
                V g = p * ((V.Load(gradients + i) - mean) * scaled);
                p.Store(scores + i);
                V.Select(V.Equal(p, V.Zero), V.Zero, g).Store(gradients + i);
            }
        }
    }

    /// <summary>Drops weights of a row and scales the others up; <paramref name="first"/> is the row's place in the stream.</summary>
    public static void Drop<T, V>(T* weights, int count, in AttentionOptions<T> options, long first)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        const int Piece = 256;
        uint* bits = stackalloc uint[Piece];
        for (int from = 0; from < count; from += Piece)
        {
            int length = Math.Min(Piece, count - from);
            options.DropoutStream.FillBits(new Span<uint>(bits, length), (ulong)(first + from));
            Drop<T, V>(weights + from, length, options, bits);
        }
    }

    /// <summary>The same with bits that are drawn already; of those, whole vectors are read.</summary>
    public static void Drop<T, V>(T* weights, int count, in AttentionOptions<T> options, uint* bits)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V scale = V.Broadcast(T.CreateChecked(1 / (1 - options.Dropout)));
        uint threshold = (uint)Math.Round(options.Dropout * 4294967296.0);
        for (int i = 0; i < count; i += V.Count)
        {
            int width = Math.Min(V.Count, count - i);
            V.KeepWhereAtLeast(bits + i, threshold, V.Load(weights + i, width) * scale).Store(weights + i, width);
        }
    }
}
