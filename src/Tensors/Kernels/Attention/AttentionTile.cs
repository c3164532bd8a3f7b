using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>What the forward and the backward pass share: which keys a query sees, and the passes over rows of scores.</summary>
internal static unsafe class AttentionTile
{
    /// <summary>
    /// Queries taken together. Larger tiles multiply better, smaller ones compute less of what the causal mask hides; both are multiples
    /// of the microkernel's rows.
    /// </summary>
    public static int Rows(int keys) => keys <= 128 ? 24 : 48;

    /// <summary>How many keys a query sees, counted from the first: all, or those up to its own position.</summary>
    public static int Visible<T>(in AttentionOptions<T> options, int query, int keys)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        options.Causal ? Math.Clamp(options.FirstQuery + query + 1, 0, keys) : keys;

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

    /// <summary>
    /// Makes of a row of raw scores what the softmax sees, where <see cref="AttentionOptions{T}.ChangesScores"/>: scaled, capped, masked.
    /// </summary>
    /// <param name="scores">The row.</param>
    /// <param name="count">How many keys the query sees.</param>
    /// <param name="options">With a mask of [B, H, Tq, Tk], or none.</param>
    /// <param name="item">The head of an example that the row belongs to.</param>
    /// <param name="query">The row's query.</param>
    /// <param name="slopes">Gets the derivatives of the capped scores by the scaled ones; null where there is no cap, or no need.</param>
    public static void ChangeScores<T, V>(T* scores, int count, in AttentionOptions<T> options, int item, int query, T* slopes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        bool capped = options.SoftCap > T.Zero, masked = !options.Mask.IsEmpty;
        T* mask = masked ? Head(options.Mask, item).From(query, 0).Pointer : null;
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
                {
                    (one - tanh * tanh).Store(slopes + i, width);
                }
            }

            (masked ? score + V.Load(mask + i, width) : score).Store(scores + i, width);
        }
    }

    /// <summary>Hides the padding of a row of scores behind -infinity.</summary>
    public static void HidePadding<T>(T* scores, byte* padding, int visible)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int key = 0; padding is not null && key < visible; key++)
        {
            if (padding[key] != 0)
            {
                scores[key] = T.NegativeInfinity;
            }
        }
    }

    /// <summary>The greatest of the first <paramref name="count"/> scores; -infinity of none.</summary>
    public static T Max<T, V>(T* scores, int count)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V max = V.Broadcast(T.NegativeInfinity);
        int i = 0;
        for (; i <= count - V.Count; i += V.Count)
        {
            max = V.Max(max, V.Load(scores + i));
        }

        T result = V.MaxAcross(max);
        for (; i < count; i++)
        {
            result = T.Max(result, scores[i]);
        }

        return result;
    }

    /// <summary>
    /// Replaces the first <paramref name="count"/> scores s by exp(s · scale − shift), the rest of the row by zeros, and returns the sum.
    /// </summary>
    public static T Exponentials<T, V>(T* scores, int count, int width, T scale, T shift)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        V factor = V.Broadcast(scale), offset = V.Broadcast(-shift), sum = V.Zero;
        int i = 0;
        for (; i <= count - V.Count; i += V.Count)
        {
            V e = SimdMath.Exp<V, T>(V.MultiplyAdd(V.Load(scores + i), factor, offset));
            e.Store(scores + i);
            sum += e;
        }

        T rest = T.Zero;
        if (i < count)
        {
            V e = SimdMath.Exp<V, T>(V.MultiplyAdd(V.Load(scores + i, count - i), factor, offset));
            e.Store(scores + i, count - i);
            for (; i < count; i++)
            {
                rest += scores[i];
            }
        }

        new Span<T>(scores + i, width - i).Clear();
        return V.SumAcross(sum) + rest;
    }

    /// <summary>Drops weights of a row and scales the others up; <paramref name="first"/> is the row's place in the stream.</summary>
    public static void Drop<T>(T* weights, int count, in AttentionOptions<T> options, long first)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Piece = 256;
        uint* bits = stackalloc uint[Piece];
        T scale = T.CreateChecked(1 / (1 - options.Dropout));
        uint threshold = (uint)Math.Round(options.Dropout * 4294967296.0);
        for (int from = 0; from < count; from += Piece)
        {
            int length = Math.Min(Piece, count - from);
            options.DropoutStream.FillBits(new Span<uint>(bits, length), (ulong)(first + from));
            for (int i = 0; i < length; i++)
            {
                weights[from + i] = bits[i] >= threshold ? weights[from + i] * scale : T.Zero;
            }
        }
    }
}
