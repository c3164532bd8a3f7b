using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>Scaled dot-product attention: to the same sequence or to another one, causal, padded or neither.</summary>
public static class AttentionOperator
{
    /// <summary>softmax(Q·Kᵀ · scale)·V for each head; see <see cref="Tensors.Kernels.Attention"/>.</summary>
    /// <param name="q">[B, H, Tq, D].</param>
    /// <param name="k">[B, H, Tk, D]: of the queries' own sequence or of another one.</param>
    /// <param name="v">[B, H, Tk, E].</param>
    /// <param name="options">Mask, scale and dropout.</param>
    /// <returns>[B, H, Tq, E].</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    public static Variable<T> Attention<T>(this Variable<T> q, Variable<T> k, Variable<T> v, AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (q.Shape.Rank != 4 || v.Shape.Rank != 4)
        {
            throw new ShapeException("Attention", q.Shape, v.Shape, "queries are [B, H, Tq, D] and values [B, H, Tk, E]");
        }

        Tape<T> tape = Tape<T>.Of(q, k, v);
        Variable<T> y = tape.Result(q.Shape.With(3, v.Shape[3]), q.RequiresGradient || k.RequiresGradient || v.RequiresGradient);
        Tensor<T> logSumExp = tape.Allocate<T>(q.Shape.Without(3));
        Tensors.Kernels.Attention.Forward(q.Value, k.Value, v.Value, y.Value, logSumExp, options);
        if (y.RequiresGradient)
        {
            AttentionNode<T> node = tape.Record<AttentionNode<T>>(y);
            (node.Tape, node.Q, node.K, node.V, node.Options) = (tape, q, k, v, options);
            node.LogSumExp = node.Save(logSumExp);
        }

        return y;
    }

    private sealed class AttentionNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> Q = null!;
        public Variable<T> K = null!;
        public Variable<T> V = null!;
        public Tensor<T> LogSumExp;
        public AttentionOptions<T> Options;

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
    /// <param name="qkv">[B, T, 3C]: q, k and v side by side, each of <paramref name="heads"/> heads of C / heads numbers.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="options">Mask, scale and dropout.</param>
    /// <returns>[B, T, C], the heads side by side.</returns>
    /// <exception cref="ArgumentException">The sizes do not divide.</exception>
    public static Variable<T> SelfAttention<T>(this Variable<T> qkv, int heads, AttentionOptions<T> options)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (qkv.Shape.Rank != 3 || heads < 1 || qkv.Shape[2] % (3 * heads) != 0)
        {
            throw new ArgumentException($"SelfAttention: {qkv.Shape} is not [B, T, 3C] with a width C that {heads} heads divide.");
        }

        Tape<T> tape = Tape<T>.Of(qkv);
        Variable<T> y = tape.Result(qkv.Shape.With(2, qkv.Shape[2] / 3), qkv.RequiresGradient);
        Tensor<T> logSumExp = tape.Allocate<T>([qkv.Shape[0], heads, qkv.Shape[1]]);
        Tensors.Kernels.Attention.Forward(
            Part(qkv.Value, heads, 0, 3), Part(qkv.Value, heads, 1, 3), Part(qkv.Value, heads, 2, 3), Part(y.Value, heads, 0, 1), logSumExp, options);
        if (y.RequiresGradient)
        {
            SelfAttentionNode<T> node = tape.Record<SelfAttentionNode<T>>(y);
            (node.Qkv, node.Heads, node.Options) = (qkv, heads, options);
            node.LogSumExp = node.Save(logSumExp);
        }

        return y;
    }

    /// <summary>Part number <paramref name="index"/> of <paramref name="parts"/> of [B, T, parts · C] as a view [B, H, T, D].</summary>
    private static Tensor<T> Part<T>(Tensor<T> packed, int heads, int index, int parts)
        where T : unmanaged
    {
        Shape shape = packed.Shape;
        return packed.Reshape([shape[0], shape[1], parts * heads, shape[2] / (parts * heads)])
            .Slice(2, index * heads, heads).Transpose(1, 2);
    }

    private sealed class SelfAttentionNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> Qkv = null!;
        public Tensor<T> LogSumExp;
        public int Heads;
        public AttentionOptions<T> Options;

        protected internal override void Backward()
        {
            Tensor<T> x = Qkv.Value;
            Tensor<T> dx = Qkv.GradientTarget(out bool accumulate);
            Tensors.Kernels.Attention.Backward(
                Part(x, Heads, 0, 3), Part(x, Heads, 1, 3), Part(x, Heads, 2, 3), Part(Output.Value, Heads, 0, 1), LogSumExp,
                Part(Output.Gradient, Heads, 0, 1),
                Part(dx, Heads, 0, 3), Part(dx, Heads, 1, 3), Part(dx, Heads, 2, 3), accumulate, Options);
        }
    }
}
