using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>Dropout (Srivastava et al. 2014): zeroes some elements at random and scales the rest, so that the expectation stays.</summary>
public static class DropoutOperator
{
    /// <summary>Keeps each element with probability 1 − <paramref name="probability"/>.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">In [0, 1); at 0 the input itself is the result.</param>
    /// <param name="stream">Decides which elements: the same stream gives the same mask, so that none is kept for backward.</param>
    /// <exception cref="ArgumentOutOfRangeException">The probability is not in [0, 1).</exception>
    public static Variable<T> Dropout<T>(this Variable<T> x, double probability, RandomStream stream)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!(probability >= 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), $"A dropout of {probability} is not in [0, 1).");

        if (probability == 0)
            return x;

        Tape<T> tape = Tape<T>.Of(x);
        Variable<T> y = tape.Result(x.Shape, x.RequiresGradient);
        Tensors.Kernels.Dropout.Apply(x.Value, y.Value, stream, probability, accumulate: false);
        if (y.RequiresGradient)
        {
            DropoutNode<T> node = tape.Record<DropoutNode<T>>(y);
            (node.X, node.Probability, node.Stream) = (x, probability, stream);
        }

        return y;
    }

    private sealed class DropoutNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Variable<T> X = null!;
        public double Probability;
        public RandomStream Stream;

        protected internal override void Backward()
        {
            Tensor<T> target = X.GradientTarget(out bool accumulate);
            Tensors.Kernels.Dropout.Apply(Output.Gradient, target, Stream, Probability, accumulate);
        }
    }
}
