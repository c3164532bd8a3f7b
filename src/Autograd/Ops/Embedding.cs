using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>Looking up rows of a table: what a product with one-hot vectors would give, without the product.</summary>
public static class EmbeddingOperator
{
    /// <summary>The rows of <paramref name="table"/> that <paramref name="ids"/> name.</summary>
    /// <param name="tape">Where the result goes: ids have no tape of their own.</param>
    /// <param name="table">[V, C].</param>
    /// <param name="ids">[...], each in [0, V); on the tape or otherwise alive until after the backward pass.</param>
    /// <returns>[..., C].</returns>
    /// <exception cref="ArgumentException">An id is outside of the table.</exception>
    public static Variable<T> Embedding<T>(this Tape<T> tape, Variable<T> table, Tensor<int> ids)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Variable<T> y = tape.Result(ids.Shape.Append(table.Shape[-1]), table.RequiresGradient);
        Tensors.Kernels.Embedding.Gather(table.Value, ids, y.Value);
        if (y.RequiresGradient)
        {
            EmbeddingNode<T> node = tape.Record<EmbeddingNode<T>>(y);
            (node.Table, node.Ids) = (table, ids);
        }

        return y;
    }

    private sealed class EmbeddingNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> Table = null!;
        public Tensor<int> Ids;

        protected internal override void Backward()
        {
            Tensor<T> target = Table.GradientTarget(out bool accumulate);
            Tensors.Kernels.Embedding.Scatter(Output.Gradient, Ids, target, accumulate);
        }
    }
}
