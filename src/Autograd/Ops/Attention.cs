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
        Check(q, v);
        return Run(q, k, v, q.Shape.With(3, v.Shape[3]), options, joined: false);
    }

    /// <summary>The same with the heads' results side by side, as the projection after them takes them.</summary>
    /// <inheritdoc cref="Attention{T}(Variable{T}, Variable{T}, Variable{T}, AttentionOptions{T})"/>
    /// <returns>[B, Tq, H · E].</returns>
    public static Variable<T> JoinedAttention<T>(this Variable<T> q, Variable<T> k, Variable<T> v, AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check(q, v);
        return Run(q, k, v, [q.Shape[0], q.Shape[2], q.Shape[1] * v.Shape[3]], options, joined: true);
    }

    /// <summary>Attention of a sequence to itself, straight from the packed projection.</summary>
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

        int size = qkv.Shape[2] / (heads + 2 * shared);
        return qkv.Heads(0, heads, size).JoinedAttention(qkv.Heads(heads, shared, size), qkv.Heads(heads + shared, shared, size), options);
    }

    private static void Check<T>(Variable<T> q, Variable<T> v)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (q.Shape.Rank != 4 || v.Shape.Rank != 4)
            throw new ShapeException("Attention", q.Shape, v.Shape, "queries are [B, H, Tq, D] and values [B, G, Tk, E]");
    }

    private static Variable<T> Run<T>(
        Variable<T> q, Variable<T> k, Variable<T> v, Shape shape, in AttentionOptions<T> options, bool joined)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(q, k, v);
        Variable<T> y = tape.Result(shape, q.RequiresGradient || k.RequiresGradient || v.RequiresGradient);
        Tensor<T> logSumExp = tape.Allocate<T>(q.Shape.With(3, 2));
        Tensors.Kernels.Attention.Forward(q.Value, k.Value, v.Value, Headed(y.Value, q, joined), logSumExp, options);
        if (y.RequiresGradient)
        {
            AttentionNode<T> node = tape.Record<AttentionNode<T>>(y);
            (node.Tape, node.Q, node.K, node.V, node.Options, node.Joined) = (tape, q, k, v, options, joined);
            node.LogSumExp = node.Save(logSumExp);
        }

        return y;
    }

    /// <summary>The output, or its gradient, as [B, H, Tq, E].</summary>
    private static Tensor<T> Headed<T>(Tensor<T> y, Variable<T> q, bool joined)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        joined ? new HeadRange(0, q.Shape[1], y.Shape[2] / q.Shape[1]).Of(y) : y;

    private sealed class AttentionNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> Q = null!;
        public Variable<T> K = null!;
        public Variable<T> V = null!;
        public Tensor<T> LogSumExp;
        public AttentionOptions<T> Options;
        public bool Joined;

        /// <summary>Operations of Q·Kᵀ and of the weights times V, keys that causality hides left out.</summary>
        public override double ForwardOperations
        {
            get
            {
                int queries = Q.Shape[2], keys = K.Shape[2];
                double pairs = Options.Causal && queries == keys ? queries * (queries + 1.0) / 2 : (double)queries * keys;
                return 2.0 * Q.Shape[0] * Q.Shape[1] * (Q.Shape[3] + V.Shape[3]) * pairs;
            }
        }

        /// <summary>The gradients of the weights, of V, of Q and of K. What is computed a second time is not counted.</summary>
        public override double BackwardOperations => 2 * ForwardOperations;

        protected internal override void Backward()
        {
            // The kernel computes all three at once: in their places, where these are three that nothing was written to.
            bool isDirect = Q != K && K != V && Q != V && Q.TakesWholeGradient && K.TakesWholeGradient && V.TakesWholeGradient;
            Tensor<T> dq = isDirect ? Q.GradientTarget(out _) : Save(Tape.Allocate<T>(Q.Shape));
            Tensor<T> dk = isDirect ? K.GradientTarget(out _) : Save(Tape.Allocate<T>(K.Shape));
            Tensor<T> dv = isDirect ? V.GradientTarget(out _) : Save(Tape.Allocate<T>(V.Shape));
            Tensors.Kernels.Attention.Backward(
                Q.Value, K.Value, V.Value, Headed(Output.Value, Q, Joined), LogSumExp, Headed(Output.Gradient, Q, Joined), dq, dk, dv,
                accumulate: false, Options);
            if (!isDirect)
            {
                AddIfRequired(Q, dq);
                AddIfRequired(K, dk);
                AddIfRequired(V, dv);
            }
        }

        private static void AddIfRequired(Variable<T> input, Tensor<T> gradient)
        {
            if (input.RequiresGradient)
                input.AddGradient(gradient);
        }
    }
}
