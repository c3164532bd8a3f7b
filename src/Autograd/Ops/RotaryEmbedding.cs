using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>Rotary position embedding (Su et al. 2021) of queries and keys.</summary>
public static class RotaryEmbeddingOperator
{
    /// <summary>Turns pairs of each head's numbers by the angles of the token's position.</summary>
    /// <param name="x">[B, H, T, D].</param>
    /// <param name="cosines">[P, R / 2] with R at most D, as of <see cref="Tensors.Kernels.RotaryEmbedding.Tables{T}(int, int, double)"/>; a constant.</param>
    /// <param name="sines">[P, R / 2]. Tables and positions must be alive until after the backward pass.</param>
    /// <param name="positions">[B, T], the position of each token inside [0, P). Empty: token t is at position t.</param>
    /// <param name="interleaved">Whether pairs are neighbours (2i, 2i + 1), as in the paper; otherwise (i, i + R / 2), as in GPT-NeoX.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">A position is outside of the tables.</exception>
    public static Variable<T> RotaryEmbedding<T>(
        this Variable<T> x, Tensor<T> cosines, Tensor<T> sines, Tensor<int> positions = default, bool interleaved = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Tensors.Kernels.RotaryEmbedding.Rotate(x.Value, cosines, sines, positions, y.Value, interleaved);
        if (y.RequiresGradient)
        {
            RotaryEmbeddingNode<T> node = tape.Record<RotaryEmbeddingNode<T>>(y);
            (node.X, node.Cosines, node.Sines, node.Positions, node.Interleaved) = (x, cosines, sines, positions, interleaved);
        }

        return y;
    }

    private sealed class RotaryEmbeddingNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public Tensor<T> Cosines;
        public Tensor<T> Sines;
        public Tensor<int> Positions;
        public bool Interleaved;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Tensors.Kernels.RotaryEmbedding.Rotate(
                Output.Gradient, Cosines, Sines, Positions, target, Interleaved, inverse: true, accumulate);
        }
    }
}
