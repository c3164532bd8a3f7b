using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The attention of queries to the keys and values in a <see cref="KeyValueCache{T}"/>; its items are the heads of keys of all texts, each
/// with all heads of queries that share it.
/// </summary>
/// <remarks>
/// What a query computes does not depend on which other queries are new with it: every score is one accumulator over the head's width,
/// every output one over the keys in their order. Queries only take turns at a strip of keys, or values, while it is in the first cache.
/// </remarks>
internal unsafe struct CachedAttention<T> : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int QueriesTogether = 16;
    private const int Block = KeyValueCache<T>.BlockPositions;

    public HeadRows<T> Q, K, V, Output;
    public int Heads, KeyHeads, HeadSize;

    /// <summary>The layer in the first block, the numbers of a block, and the blocks of each text, so many a text.</summary>
    public T* Memory;
    public long BlockSize;
    public int* Table;
    public int BlocksOfText;

    /// <summary>The texts of this call, the positions that are stored of each already, and the most that one has with its new ones.</summary>
    public int* Texts, Positions;
    public int Longest;

    /// <summary>The positions that are stored first, behind those that are stored already; 0 to look only.</summary>
    public int NewPositions;

    /// <summary>How many queries a text has. Where positions are stored with them they are the last of these.</summary>
    public int Queries;

    /// <summary>How many keys a query sees at most, its own included; 0 for all.</summary>
    public int Window;

    /// <summary>Whether a query sees the keys up to its own position alone.</summary>
    public bool Causal;

    public T Scale;

    // Heads of a few dozen keys are handed out together.
    public readonly int Grain =>
        (int)Math.Max(1, 65_536 / ((long)Queries * (Heads / KeyHeads) * Longest * HeadSize + 1));

    public readonly void Run<TVector>(int start, int end)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        int strip = 4 * TVector.Count, all = (Longest + strip - 1) / strip * strip, group = Heads / KeyHeads;
        T* scores = Scratch.Get<T>(Scratch.Slot.Scores, QueriesTogether * (all + 1L));
        for (int item = start; item < end; item++)
        {
            (int text, int keyHead) = Math.DivRem(item, KeyHeads);
            HeadBlocks blocks = new(Memory + (long)keyHead * 2 * Block * HeadSize, Table + (long)Texts[text] * BlocksOfText, BlockSize);
            int known = Positions[text] + NewPositions;
            if (NewPositions > 0)
                Store(K.Of(text, keyHead), V.Of(text, keyHead), blocks, Positions[text]);

            for (int head = keyHead * group; head < (keyHead + 1) * group; head++)
            {
                T* q = Q.Of(text, head), output = Output.Of(text, head);
                for (int first = 0; first < Queries; first += QueriesTogether)
                {
                    int queries = Math.Min(QueriesTogether, Queries - first);
                    int visible = Causal ? known - Queries + first + 1 : known;
                    Attend<TVector>(q + first * Q.Row, blocks, visible, queries, scores, output + first * Output.Row);
                }
            }
        }
    }

    private readonly void Store(T* key, T* value, HeadBlocks blocks, int position)
    {
        const int Panel = KeyValueCache<T>.PanelWidth;
        for (int row = 0; row < NewPositions; row++, position++, key += K.Row, value += V.Row)
        {
            T* block = blocks.Of(position);
            T* lane = Lane(block, position % Block);
            for (int d = 0; d < HeadSize; d++)
                lane[d * Panel] = key[d];

            new Span<T>(value, HeadSize).CopyTo(new Span<T>(block + (Block + position % Block) * HeadSize, HeadSize));
        }
    }

    /// <summary>Some queries, of which the first sees the keys up to <paramref name="visible"/> and each further one a key more.</summary>
    private readonly void Attend<TVector>(T* q, HeadBlocks blocks, int visible, int queries, T* scores, T* output)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        int most = Seen(visible, queries - 1), strip = 4 * TVector.Count, stride = (most + strip - 1) / strip * strip, from = From(visible);
        T* factors = scores + (long)queries * stride;
        for (int key = from / strip * strip; key < most; key += strip)
        {
            T* block = blocks.Of(key);
            bool half = most - key <= 2 * TVector.Count;
            for (int query = FirstThatSees(visible, key); query < queries; query++)
            {
                if (half)
                    ScoreHalf<TVector>(q + query * Q.Row, block, key % Block, scores + (long)query * stride + key);
                else
                    Score<TVector>(q + query * Q.Row, block, key % Block, scores + (long)query * stride + key);
            }
        }

        for (int query = 0; query < queries; query++)
        {
            int seen = Seen(visible, query), start = From(seen);
            factors[query] = T.One / Exponentials<TVector>(scores + (long)query * stride + start, seen - start, Scale);
        }

        for (int key = from / Block * Block; key < most; key += Block)
        {
            T* values = blocks.Of(key) + Block * HeadSize;
            for (int query = FirstThatSees(visible, key); query < queries; query++)
            {
                int seen = Seen(visible, query), start = From(seen), at = Math.Max(key, start);
                int count = Math.Min(key + Block, seen) - at;
                if (count > 0)
                {
                    AddValues<TVector>(
                        scores + (long)query * stride + at, values + (at - key) * HeadSize, count, at == start,
                        at + count == seen ? factors[query] : T.One, output + query * Output.Row);
                }
            }
        }
    }

    private readonly int Seen(int visible, int query) => Causal ? visible + query : visible;

    private readonly int From(int seen) => Window > 0 ? Math.Max(0, seen - Window) : 0;

    private readonly int FirstThatSees(int visible, int key) => Causal ? Math.Max(0, key + 1 - visible) : 0;

    /// <summary>Replaces scores s by exp((s − the greatest) · scale) and returns the sum of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Exponentials<TVector>(T* scores, int count, T scale)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector factor = TVector.Broadcast(scale), offset = TVector.Broadcast(-Rows.Max<TVector, T>(scores, count) * scale), sum = TVector.Zero;
        for (int i = 0; i < count; i += TVector.Count)
        {
            int width = Math.Min(TVector.Count, count - i);
            TVector term = SimdMath.Exp<TVector, T>(TVector.MultiplyAdd(TVector.Load(scores + i, width), factor, offset));
            sum += width == TVector.Count ? term : TVector.Select(TVector.MaskOfFirst(width), term, TVector.Zero);
            term.Store(scores + i, width);
        }

        return TVector.SumAcross(sum);
    }

    /// <summary>The products of one query with four vectors of keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Score<TVector>(T* q, T* keys, int key, T* scores)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        T* k0 = Lane(keys, key), k1 = Lane(keys, key + TVector.Count), k2 = Lane(keys, key + 2 * TVector.Count), k3 = Lane(keys, key + 3 * TVector.Count);
        TVector sum0 = TVector.Zero, sum1 = TVector.Zero, sum2 = TVector.Zero, sum3 = TVector.Zero;
        nint offset = 0;
        for (int d = 0; d < HeadSize; d++, offset += KeyValueCache<T>.PanelWidth)
        {
            TVector x = TVector.Broadcast(q[d]);
            sum0 = TVector.MultiplyAdd(x, TVector.Load(k0 + offset), sum0);
            sum1 = TVector.MultiplyAdd(x, TVector.Load(k1 + offset), sum1);
            sum2 = TVector.MultiplyAdd(x, TVector.Load(k2 + offset), sum2);
            sum3 = TVector.MultiplyAdd(x, TVector.Load(k3 + offset), sum3);
        }

        sum0.Store(scores);
        sum1.Store(scores + TVector.Count);
        sum2.Store(scores + 2 * TVector.Count);
        sum3.Store(scores + 3 * TVector.Count);
    }

    /// <summary>The same with two, where there are no more keys: what lies behind them need not come from memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void ScoreHalf<TVector>(T* q, T* keys, int key, T* scores)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        T* k0 = Lane(keys, key), k1 = Lane(keys, key + TVector.Count);
        TVector sum0 = TVector.Zero, sum1 = TVector.Zero;
        nint offset = 0;
        for (int d = 0; d < HeadSize; d++, offset += KeyValueCache<T>.PanelWidth)
        {
            TVector x = TVector.Broadcast(q[d]);
            sum0 = TVector.MultiplyAdd(x, TVector.Load(k0 + offset), sum0);
            sum1 = TVector.MultiplyAdd(x, TVector.Load(k1 + offset), sum1);
        }

        sum0.Store(scores);
        sum1.Store(scores + TVector.Count);
    }

    private readonly T* Lane(T* keys, int key) =>
        keys + key / KeyValueCache<T>.PanelWidth * KeyValueCache<T>.PanelWidth * HeadSize + key % KeyValueCache<T>.PanelWidth;

    /// <summary>output = (output + Σ weight · value) · factor, over <paramref name="count"/> keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddValues<TVector>(T* weights, T* values, int count, bool first, T factor, T* output)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        int column = 0;
        TVector scale = TVector.Broadcast(factor);
        for (; column <= HeadSize - 4 * TVector.Count; column += 4 * TVector.Count)
        {
            T* y = output + column;
            TVector sum0 = first ? TVector.Zero : TVector.Load(y), sum1 = first ? TVector.Zero : TVector.Load(y + TVector.Count);
            TVector sum2 = first ? TVector.Zero : TVector.Load(y + 2 * TVector.Count), sum3 = first ? TVector.Zero : TVector.Load(y + 3 * TVector.Count);
            T* value = values + column;
            for (int key = 0; key < count; key++, value += HeadSize)
            {
                TVector weight = TVector.Broadcast(weights[key]);
                sum0 = TVector.MultiplyAdd(weight, TVector.Load(value), sum0);
                sum1 = TVector.MultiplyAdd(weight, TVector.Load(value + TVector.Count), sum1);
                sum2 = TVector.MultiplyAdd(weight, TVector.Load(value + 2 * TVector.Count), sum2);
                sum3 = TVector.MultiplyAdd(weight, TVector.Load(value + 3 * TVector.Count), sum3);
            }

            (sum0 * scale).Store(y);
            (sum1 * scale).Store(y + TVector.Count);
            (sum2 * scale).Store(y + 2 * TVector.Count);
            (sum3 * scale).Store(y + 3 * TVector.Count);
        }

        for (; column <= HeadSize - 2 * TVector.Count; column += 2 * TVector.Count)
        {
            T* y = output + column;
            TVector sum0 = first ? TVector.Zero : TVector.Load(y), sum1 = first ? TVector.Zero : TVector.Load(y + TVector.Count);
            T* value = values + column;
            for (int key = 0; key < count; key++, value += HeadSize)
            {
                TVector weight = TVector.Broadcast(weights[key]);
                sum0 = TVector.MultiplyAdd(weight, TVector.Load(value), sum0);
                sum1 = TVector.MultiplyAdd(weight, TVector.Load(value + TVector.Count), sum1);
            }

            (sum0 * scale).Store(y);
            (sum1 * scale).Store(y + TVector.Count);
        }

        for (; column < HeadSize; column += TVector.Count)
        {
            int width = Math.Min(TVector.Count, HeadSize - column);
            TVector sum = first ? TVector.Zero : TVector.Load(output + column, width);
            T* value = values + column;
            for (int key = 0; key < count; key++, value += HeadSize)
                sum = TVector.MultiplyAdd(TVector.Broadcast(weights[key]), TVector.Load(value, width), sum);

            (sum * scale).Store(output + column, width);
        }
    }

    /// <summary>The blocks of one head of one text.</summary>
    /// <param name="head">The head in the first block of the memory.</param>
    /// <param name="table">The numbers of the text's blocks.</param>
    /// <param name="size">The numbers of a block.</param>
    private readonly struct HeadBlocks(T* head, int* table, long size)
    {
        public T* Of(int position) => head + table[position / Block] * size;
    }
}

/// <summary>The rows of all heads of a tensor [B, H, T, D] whose innermost axis lies without gaps.</summary>
internal readonly unsafe struct HeadRows<T>
    where T : unmanaged
{
    private readonly T* _pointer;
    private readonly nint _text;
    private readonly nint _head;

    public HeadRows(in Tensor<T> tensor)
    {
        _pointer = tensor.Pointer;
        (_text, _head, Row) = (tensor.Stride(0), tensor.Stride(1), tensor.Stride(2));
    }

    /// <summary>From one position to the next.</summary>
    public nint Row { get; }

    public T* Of(int text, int head) => _pointer + text * _text + head * _head;
}
