using System.Numerics;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Scaled dot-product attention (Vaswani et al. 2017): softmax(Q·Kᵀ · scale)·V, forward and backward, without ever holding all of the
/// [Tq, Tk] weights. As in FlashAttention (Dao et al. 2022) only the logarithm of each row's sum is kept, and the weights are computed
/// again on the way back; parts that the causal mask hides are never computed. Several heads of queries may share one head of keys and
/// values: grouped-query attention (Ainslie et al. 2023), or with a single one multi-query attention (Shazeer 2019).
/// </summary>
/// <remarks>
/// One head of one example is an item of work; on the way back, one head of keys and values with all queries that share it, so that no
/// two items write one gradient. Queries are taken in tiles of rows that see all their keys at once: a tile of scores of a thousand keys
/// fits the L2 cache, so that the softmax needs no second thoughts. Memory is linear in the context.
/// </remarks>
public static class Attention
{
    /// <summary>Computes the output and, for the way back, the logarithm of the sum of each row's exponentials.</summary>
    /// <param name="q">[B, H, Tq, D]; only the innermost axis must lie without gaps, so views of a packed [B, T, 3C] will do.</param>
    /// <param name="k">[B, G, Tk, D] with G a divisor of H: head h of the queries goes with head h / (H / G) of the keys.</param>
    /// <param name="v">[B, G, Tk, E].</param>
    /// <param name="output">[B, H, Tq, E]. A query that sees nothing gets zeros.</param>
    /// <param name="logSumExp">
    /// [B, H, Tq, 2], contiguous; for the backward pass gets of each query a shift and ln Σ e^((score - shift) · scale), of the scores as the
    /// softmax sees them.
    /// </param>
    /// <param name="options">Masks, scale, cap and dropout.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The scale is not positive, the dropout not in [0, 1), or the cap not finite or negative.</exception>
    public static void Forward<T>(
        Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, Tensor<T> logSumExp, in AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(q, k, v, output, logSumExp, options);
        var kernel = new AttentionForward<T>(q, k, v, output, logSumExp, WithWholeMask(options, q, k));
        Workers.Run<T, AttentionForward<T>>(ref kernel, q.Shape[0] * q.Shape[1], Grain(q, k, q.Shape[1]));
    }

    /// <summary>Computes the gradients of q, k and v from that of the output.</summary>
    /// <param name="q">As in the forward pass.</param>
    /// <param name="k">As in the forward pass.</param>
    /// <param name="v">As in the forward pass.</param>
    /// <param name="output">What the forward pass gave.</param>
    /// <param name="logSumExp">What the forward pass gave.</param>
    /// <param name="outputGradient">[B, H, Tq, E].</param>
    /// <param name="qGradient">[B, H, Tq, D].</param>
    /// <param name="kGradient">[B, G, Tk, D].</param>
    /// <param name="vGradient">[B, G, Tk, E].</param>
    /// <param name="accumulate">Whether to add to the gradients; otherwise they are overwritten without being read.</param>
    /// <param name="options">The same as in the forward pass.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The scale is not positive, the dropout not in [0, 1), or the cap not finite or negative.</exception>
    public static void Backward<T>(
        Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, Tensor<T> logSumExp, Tensor<T> outputGradient,
        Tensor<T> qGradient, Tensor<T> kGradient, Tensor<T> vGradient, bool accumulate, in AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(q, k, v, output, logSumExp, options);
        RequireSame(output, outputGradient);
        RequireSame(q, qGradient);
        RequireSame(k, kGradient);
        RequireSame(v, vGradient);
        var kernel = new AttentionBackward<T>(
            q, k, v, output, logSumExp, outputGradient, qGradient, kGradient, vGradient, accumulate, WithWholeMask(options, q, k));
        Workers.Run<T, AttentionBackward<T>>(ref kernel, k.Shape[0] * k.Shape[1], Grain(q, k, k.Shape[1]));
    }

    // Short sequences are handed out several heads at a time, and so are many heads: each of a chunk fetches what the next one begins with.
    private static int Grain<T>(Tensor<T> q, Tensor<T> k, int heads)
        where T : unmanaged
    {
        long workOfHead = (long)q.Shape[1] / Math.Max(1, heads) * q.Shape[2] * k.Shape[2] * q.Shape[3];
        return (int)Math.Max(1, Math.Max((long)q.Shape[0] * heads / 24, 524288 / Math.Max(1, workOfHead)));
    }

    private static AttentionOptions<T> WithWholeMask<T>(in AttentionOptions<T> options, Tensor<T> q, Tensor<T> k)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        options.Mask.IsEmpty ? options : options with { Mask = options.Mask.BroadcastTo(q.Shape.With(3, k.Shape[2])) };

    private static void Check<T>(
        Tensor<T> q, Tensor<T> k, Tensor<T> v, Tensor<T> output, Tensor<T> logSumExp, in AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (q.Rank != 4 || k.Rank != 4 || q.Shape[0] != k.Shape[0] || q.Shape[3] != k.Shape[3])
            throw new ShapeException("Attention", q.Shape, k.Shape, "queries [B, H, Tq, D] go with keys [B, G, Tk, D]");

        int heads = q.Shape[1], keyHeads = k.Shape[1];
        if (heads != keyHeads && (heads == 0 || keyHeads == 0 || heads % keyHeads != 0))
            throw new ShapeException("Attention", q.Shape, k.Shape, "the heads of the keys must divide those of the queries");

        if (v.Rank != 4 || v.Shape.With(3, 0) != k.Shape.With(3, 0))
            throw new ShapeException("Attention", k.Shape, v.Shape, "keys [B, G, Tk, D] go with values [B, G, Tk, E]");

        if (output.Shape != q.Shape.With(3, v.Shape[3]))
            throw new ShapeException("Attention", q.Shape, output.Shape, "the output of queries [B, H, Tq, D] is [B, H, Tq, E]");

        if (logSumExp.Shape != q.Shape.With(3, 2) || !logSumExp.IsContiguous)
            throw new ShapeException("Attention", q.Shape, logSumExp.Shape, "there are a shift and a log-sum-exp for each query");

        if (!options.Padding.IsEmpty && options.Padding.Shape != [k.Shape[0], k.Shape[2]])
            throw new ShapeException("Attention", k.Shape, options.Padding.Shape, "the padding mask is [B, Tk]");

        if (!options.Padding.IsEmpty && !options.Padding.IsContiguous)
            throw new ArgumentException("Attention: the padding mask must be contiguous.");

        if (!options.Mask.IsEmpty)
        {
            Tensor<T> mask = options.Mask;
            if (mask.Rank is < 2 or > 4 || mask.Shape[-1] != k.Shape[2])
                throw new ShapeException("Attention", k.Shape, mask.Shape, "the mask is [Tq, Tk], [H, Tq, Tk] or [B, H, Tq, Tk]");

            RequireInnerAxis(mask.BroadcastTo(q.Shape.With(3, k.Shape[2])));
        }

        if (!(options.SoftCap >= T.Zero && T.IsFinite(options.SoftCap)))
            throw new ArgumentException($"Attention: the soft cap must be 0 or a positive number, it is {options.SoftCap}.");

        if (!(options.Scale > T.Zero) || !(options.Dropout >= 0 && options.Dropout < 1))
        {
            throw new ArgumentException(
                $"Attention: the scale must be positive, it is {options.Scale}, and the dropout in [0, 1), it is {options.Dropout}.");
        }

        RequireInnerAxis(q);
        RequireInnerAxis(k);
        RequireInnerAxis(v);
        RequireInnerAxis(output);
    }

    private static void RequireSame<T>(Tensor<T> tensor, Tensor<T> gradient)
        where T : unmanaged
    {
        if (tensor.Shape != gradient.Shape)
            throw new ShapeException("Attention", tensor.Shape, gradient.Shape, "a gradient has the shape of its tensor");

        RequireInnerAxis(gradient);
    }

    private static void RequireInnerAxis<T>(Tensor<T> tensor)
        where T : unmanaged
    {
        if (tensor.Shape[3] > 1 && tensor.Stride(3) != 1)
            throw new ArgumentException($"Attention: the innermost axis of {tensor.Shape} must lie without gaps.");
    }
}
