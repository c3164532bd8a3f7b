using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// The attention of new positions to the keys and values in a <see cref="KeyValueCache{T}"/>; its items are the heads of all texts.
/// </summary>
/// <remarks>
/// What a query computes does not depend on which other queries are new with it: every score is one accumulator over the head's width,
/// every output one over the keys in their order. Queries only take turns at a strip of keys, or values, while it is in the first cache.
/// </remarks>
internal unsafe struct CachedAttention<T> : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int QueriesTogether = 16;
    private const int StripOfValues = 64;

    public T* Qkv, Output, Keys;
    public long Part;
    public int Heads, HeadSize, NewPositions, Position;
    public int Queries; // of the new positions, how many attend: the last ones

    // Heads of a few dozen keys are handed out together.
    public readonly int Grain => (int)Math.Max(1, 65_536 / ((long)Queries * (Position + NewPositions) * HeadSize + 1));

    private readonly int Width => Heads * HeadSize;

    public readonly void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        int keysOfAll = (Position + NewPositions + 4 * V.Count - 1) / (4 * V.Count) * (4 * V.Count);
        T* scores = Scratch.Get<T>(Scratch.Slot.Scores, QueriesTogether * (keysOfAll + 1L));
        for (int item = start; item < end; item++)
        {
            (int text, int head) = Math.DivRem(item, Heads);
            T* qkv = Qkv + (long)text * NewPositions * 3 * Width + head * HeadSize;
            T* keys = Keys + item * 2 * Part;
            T* values = keys + Part;
            Store(qkv, keys, values);
            int unasked = NewPositions - Queries;
            T* q = qkv + (long)unasked * 3 * Width;
            T* output = Output + (long)text * Queries * Width + head * HeadSize;
            for (int first = 0; first < Queries; first += QueriesTogether)
            {
                int queries = Math.Min(QueriesTogether, Queries - first), visible = Position + unasked + first + 1;
                Attend<V>(q + (long)first * 3 * Width, keys, values, visible, queries, scores, output + (long)first * Width);
            }
        }
    }

    private readonly void Store(T* qkv, T* keys, T* values)
    {
        const int Panel = KeyValueCache<T>.PanelWidth;
        for (int row = 0; row < NewPositions; row++)
        {
            int position = Position + row;
            T* key = qkv + (long)row * 3 * Width + Width;
            T* lane = keys + (long)(position / Panel) * Panel * HeadSize + position % Panel;
            for (int d = 0; d < HeadSize; d++)
            {
                lane[d * Panel] = key[d];
            }

            new Span<T>(key + Width, HeadSize).CopyTo(new Span<T>(values + (long)position * HeadSize, HeadSize));
        }
    }

    /// <summary>Some queries, of which the first sees <paramref name="visible"/> keys and each further one a key more.</summary>
    private readonly void Attend<V>(T* q, T* keys, T* values, int visible, int queries, T* scores, T* output)
        where V : unmanaged, ISimd<V, T>
    {
        int most = visible + queries - 1, strip = 4 * V.Count, stride = (most + strip - 1) / strip * strip;
        T* factors = scores + (long)queries * stride;
        for (int key = 0; key < most; key += strip)
        {
            for (int query = Math.Max(0, key + 1 - visible); query < queries; query++)
            {
                Score<V>(q + (long)query * 3 * Width, keys, key, scores + (long)query * stride + key);
            }
        }

        T scale = T.CreateTruncating(1 / Math.Sqrt(HeadSize));
        for (int query = 0; query < queries; query++)
        {
            T* row = scores + (long)query * stride;
            factors[query] = T.One / Exponentials<V>(row, visible + query, scale);
        }

        for (int key = 0; key < most; key += StripOfValues)
        {
            for (int query = Math.Max(0, key + 1 - visible); query < queries; query++)
            {
                int seen = visible + query, count = Math.Min(StripOfValues, seen - key);
                T factor = key + count == seen ? factors[query] : T.One;
                AddValues<V>(
                    scores + (long)query * stride + key, values + (long)key * HeadSize, count, key == 0, factor,
                    output + (long)query * Width);
            }
        }
    }

    /// <summary>Replaces scores s by exp((s − the greatest) · scale) and returns the sum of these.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static T Exponentials<V>(T* scores, int count, T scale)
        where V : unmanaged, ISimd<V, T>
    {
        V factor = V.Broadcast(scale), offset = V.Broadcast(-Rows.Max<V, T>(scores, count) * scale), sum = V.Zero;
        for (int i = 0; i < count; i += V.Count)
        {
            int width = Math.Min(V.Count, count - i);
            V term = SimdMath.Exp<V, T>(V.MultiplyAdd(V.Load(scores + i, width), factor, offset));
            sum += width == V.Count ? term : V.Select(V.MaskOfFirst(width), term, V.Zero);
            term.Store(scores + i, width);
        }

        return V.SumAcross(sum);
    }

    /// <summary>The products of one query with four vectors of keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Score<V>(T* q, T* keys, int key, T* scores)
        where V : unmanaged, ISimd<V, T>
    {
        T* k0 = Lane(keys, key), k1 = Lane(keys, key + V.Count), k2 = Lane(keys, key + 2 * V.Count), k3 = Lane(keys, key + 3 * V.Count);
        V sum0 = V.Zero, sum1 = V.Zero, sum2 = V.Zero, sum3 = V.Zero;
        nint offset = 0;
        for (int d = 0; d < HeadSize; d++, offset += KeyValueCache<T>.PanelWidth)
        {
            V x = V.Broadcast(q[d]);
            sum0 = V.MultiplyAdd(x, V.Load(k0 + offset), sum0);
            sum1 = V.MultiplyAdd(x, V.Load(k1 + offset), sum1);
            sum2 = V.MultiplyAdd(x, V.Load(k2 + offset), sum2);
            sum3 = V.MultiplyAdd(x, V.Load(k3 + offset), sum3);
        }

        sum0.Store(scores);
        sum1.Store(scores + V.Count);
        sum2.Store(scores + 2 * V.Count);
        sum3.Store(scores + 3 * V.Count);
    }

    private readonly T* Lane(T* keys, int key) =>
        keys + (long)(key / KeyValueCache<T>.PanelWidth) * KeyValueCache<T>.PanelWidth * HeadSize + key % KeyValueCache<T>.PanelWidth;

    /// <summary>output = (output + Σ weight · value) · factor, over <paramref name="count"/> keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void AddValues<V>(T* weights, T* values, int count, bool first, T factor, T* output)
        where V : unmanaged, ISimd<V, T>
    {
        int column = 0;
        V scale = V.Broadcast(factor);
        for (; column <= HeadSize - 2 * V.Count; column += 2 * V.Count)
        {
            T* y = output + column;
            V sum0 = first ? V.Zero : V.Load(y), sum1 = first ? V.Zero : V.Load(y + V.Count);
            T* value = values + column;
            for (int key = 0; key < count; key++, value += HeadSize)
            {
                V weight = V.Broadcast(weights[key]);
                sum0 = V.MultiplyAdd(weight, V.Load(value), sum0);
                sum1 = V.MultiplyAdd(weight, V.Load(value + V.Count), sum1);
            }

            (sum0 * scale).Store(y);
            (sum1 * scale).Store(y + V.Count);
        }

        for (; column < HeadSize; column += V.Count)
        {
            int width = Math.Min(V.Count, HeadSize - column);
            V sum = first ? V.Zero : V.Load(output + column, width);
            T* value = values + column;
            for (int key = 0; key < count; key++, value += HeadSize)
            {
                sum = V.MultiplyAdd(V.Broadcast(weights[key]), V.Load(value, width), sum);
            }

            (sum * scale).Store(output + column, width);
        }
    }
}
