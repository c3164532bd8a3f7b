using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Scaled dot-product attention: to the same sequence or to another one, causal, padded or neither.</summary>
public static class AttentionOperator
{
    /// <summary>softmax(Q·Kᵀ · scale)·V for each head; see <see cref="Tensors.Kernels.Attention"/>.</summary>
    /// <param name="q">[B, H, Tq, D].</param>
    /// <param name="k">[B, G, Tk, D]: of the queries' own sequence or of another one. Each head serves H / G heads of queries.</param>
    /// <param name="v">[B, G, Tk, E].</param>
    /// <param name="options">Masks, scale, cap and dropout; masks on the tape or otherwise alive until after the backward pass.</param>
    /// <returns>[B, H, Tq, E].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Attention<T>(this Variable<T> q, Variable<T> k, Variable<T> v, AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (q.Shape.Rank != 4 || v.Shape.Rank != 4)
        {
            throw new ShapeException("Attention", q.Shape, v.Shape, "queries are [B, H, Tq, D] and values [B, G, Tk, E]");
        }

        Tape<T> tape = Tape<T>.Of(q, k, v);
        Variable<T> y = tape.Result(q.Shape.With(3, v.Shape[3]), q.RequiresGradient || k.RequiresGradient || v.RequiresGradient);
        Tensor<T> logSumExp = tape.Allocate<T>(q.Shape.With(3, 2));
        Tensors.Kernels.Attention.Forward(q.Value, k.Value, v.Value, y.Value, logSumExp, options);
        if (y.RequiresGradient)
        {
            AttentionNode<T> node = tape.Record<AttentionNode<T>>(y);
            (node.Tape, node.Q, node.K, node.V, node.Options) = (tape, q, k, v, options);
            node.LogSumExp = node.Save(logSumExp);
        }

        return y;
    }

    /// <summary>
    /// Operations of Q·Kᵀ and of the weights times V, keys that causality hides left out. Backward has four such products: the gradients of
    /// the weights, of V, of Q and of K. What it computes a second time is not counted.
    /// </summary>
    private static double OperationsOf<T>(long heads, int queries, int keys, int size, in AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        4.0 * heads * size * (options.Causal && queries == keys ? queries * (queries + 1.0) / 2 : (double)queries * keys);

    private sealed class AttentionNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> Q = null!;
        public Variable<T> K = null!;
        public Variable<T> V = null!;
        public Tensor<T> LogSumExp;
        public AttentionOptions<T> Options;

        public override double ForwardOperations =>
            OperationsOf((long)Q.Shape[0] * Q.Shape[1], Q.Shape[2], K.Shape[2], (Q.Shape[3] + V.Shape[3]) / 2, Options);

        public override double BackwardOperations => 2 * ForwardOperations;

        protected internal override void Backward()
        {
            // The kernel computes all three at once; each is then added to its variable, which may be one and the same.
            Tensor<T> dq = Save(Tape.Allocate<T>(Q.Shape)), dk = Save(Tape.Allocate<T>(K.Shape)), dv = Save(Tape.Allocate<T>(V.Shape));
            Tensors.Kernels.Attention.Backward(
                Q.Value, K.Value, V.Value, Output.Value, LogSumExp, Output.Gradient, dq, dk, dv, accumulate: false, Options);
            AddIfRequired(Q, dq);
            AddIfRequired(K, dk);
            AddIfRequired(V, dv);
        }

        private static void AddIfRequired(Variable<T> input, Tensor<T> gradient)
        {
            if (input.RequiresGradient)
            {
                input.AddGradient(gradient);
            }
        }
    }

    /// <summary>
    /// Attention of a sequence to itself, straight from the packed projection: q, k and v are views of one tensor, and so are their
    /// gradients.
    /// </summary>
    /// <param name="qkv">[B, T, (H + 2G) · D]: the H heads of q, the G of k and the G of v side by side; [B, T, 3C] where G = H.</param>
    /// <param name="heads">H, the number of heads of q.</param>
    /// <param name="options">Masks, scale, cap and dropout; masks on the tape or otherwise alive until after the backward pass.</param>
    /// <param name="keyHeads">G, the number of heads of k and of v: a divisor of H; null for H.</param>
    /// <returns>[B, T, H · D], the heads side by side.</returns>
    /// <exception cref="ArgumentException">The sizes do not divide.</exception>
    public static Variable<T> SelfAttention<T>(this Variable<T> qkv, int heads, AttentionOptions<T> options, int? keyHeads = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int shared = keyHeads ?? heads;
        if (qkv.Shape.Rank != 3 || heads < 1 || shared < 1 || heads % shared != 0 || qkv.Shape[2] % (heads + 2 * shared) != 0)
        {
            throw new ArgumentException(
                $"SelfAttention: {qkv.Shape} is not [B, T, (H + 2G) · D] with H = {heads} and a divisor of it, G = {shared}.");
        }

        Tape<T> tape = Tape<T>.Of(qkv);
        Variable<T> y = tape.Result(qkv.Shape.With(2, qkv.Shape[2] / (heads + 2 * shared) * heads), qkv.RequiresGradient);
        Tensor<T> logSumExp = tape.Allocate<T>([qkv.Shape[0], heads, qkv.Shape[1], 2]);
        (Tensor<T> q, Tensor<T> k, Tensor<T> v) = Unpack(qkv.Value, heads, shared);
        Tensors.Kernels.Attention.Forward(q, k, v, Split(y.Value, heads), logSumExp, options);
        if (y.RequiresGradient)
        {
            SelfAttentionNode<T> node = tape.Record<SelfAttentionNode<T>>(y);
            (node.Qkv, node.Heads, node.KeyHeads, node.Options) = (qkv, heads, shared, options);
            node.LogSumExp = node.Save(logSumExp);
        }

        return y;
    }

    private static (Tensor<T> Q, Tensor<T> K, Tensor<T> V) Unpack<T>(Tensor<T> packed, int heads, int keyHeads)
        where T : unmanaged
    {
        Tensor<T> all = Split(packed, heads + 2 * keyHeads);
        return (all.Slice(1, 0, heads), all.Slice(1, heads, keyHeads), all.Slice(1, heads + keyHeads, keyHeads));
    }

    /// <summary>[B, T, H · D] as a view [B, H, T, D].</summary>
    private static Tensor<T> Split<T>(Tensor<T> packed, int heads)
        where T : unmanaged =>
        packed.Reshape([packed.Shape[0], packed.Shape[1], heads, packed.Shape[2] / heads]).Transpose(1, 2);

    private sealed class SelfAttentionNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> Qkv = null!;
        public Tensor<T> LogSumExp;
        public int Heads;
        public int KeyHeads;
        public AttentionOptions<T> Options;

        public override double ForwardOperations =>
            OperationsOf((long)Qkv.Shape[0] * Heads, Qkv.Shape[1], Qkv.Shape[1], Output.Shape[2] / Heads, Options);

        public override double BackwardOperations => 2 * ForwardOperations;

        protected internal override void Backward()
        {
            (Tensor<T> q, Tensor<T> k, Tensor<T> v) = Unpack(Qkv.Value, Heads, KeyHeads);
            (Tensor<T> dq, Tensor<T> dk, Tensor<T> dv) = Unpack(Qkv.GradientTarget(out bool accumulate), Heads, KeyHeads);
            Tensors.Kernels.Attention.Backward(
                q, k, v, Split(Output.Value, Heads), LogSumExp, Split(Output.Gradient, Heads), dq, dk, dv, accumulate, Options);
        }
    }
}
