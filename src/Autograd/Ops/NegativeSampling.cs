using System.Numerics;
using MiniGpt.Tensors;

namespace MiniGpt.Autograd.Ops;

/// <summary>The loss of word2vec (Mikolov et al. 2013): true neighbours against words that were drawn at random.</summary>
public static class NegativeSamplingOperator
{
    /// <summary>
    /// The sum over examples of −ln σ(h·u₀) − Σ ln σ(−h·uₖ), in nats, with h the mean of the example's context rows, u₀ the row of its right
    /// target and uₖ those of its wrong ones. Skip-gram has one context an example; the continuous bag of words has several.
    /// </summary>
    /// <param name="inputs">[R, C]: the vectors of contexts.</param>
    /// <param name="outputs">[S, C]: the vectors of targets.</param>
    /// <param name="contexts">
    /// [N, W] ids, <see cref="Tensors.Kernels.NegativeSampling.None"/> where an example has fewer; on the tape or otherwise alive until after
    /// the backward pass.
    /// </param>
    /// <param name="targets">[N, 1 + K] ids, the right one first, <see cref="Tensors.Kernels.NegativeSampling.None"/> where there are fewer; the same.</param>
    /// <returns>A single number.</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">An id is outside of its table, or an example has no context.</exception>
    public static Variable<T> NegativeSampling<T>(this Variable<T> inputs, Variable<T> outputs, Tensor<int> contexts, Tensor<int> targets)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tape<T> tape = Tape<T>.Of(inputs, outputs);
        Tensor<T> means = tape.Allocate<T>([contexts.Shape[0], inputs.Shape[-1]]), errors = tape.Allocate<T>(targets.Shape);
        Variable<T> y = tape.Result([], inputs.RequiresGradient || outputs.RequiresGradient);
        y.Value.Span[0] = Tensors.Kernels.NegativeSampling.Forward(inputs.Value, outputs.Value, contexts, targets, means, errors);
        if (!y.RequiresGradient)
        {
            tape.Return(means);
            tape.Return(errors);
            return y;
        }

        NegativeSamplingNode<T> node = tape.Record<NegativeSamplingNode<T>>(y);
        (node.Tape, node.Inputs, node.Outputs, node.Contexts, node.Targets) = (tape, inputs, outputs, contexts, targets);
        (node.Means, node.Errors) = (node.Save(means), node.Save(errors));
        return y;
    }

    private sealed class NegativeSamplingNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> Inputs = null!;
        public Variable<T> Outputs = null!;
        public Tensor<int> Contexts;
        public Tensor<int> Targets;
        public Tensor<T> Means;
        public Tensor<T> Errors;

        protected internal override void Backward()
        {
            T upstream = Output.Gradient.Span[0];
            if (Outputs.RequiresGradient)
            {
                Tensor<T> target = Outputs.GradientTarget(out bool accumulate);
                Tensors.Kernels.NegativeSampling.BackwardTable(Means, Targets, Errors, upstream, target, accumulate);
            }

            if (Inputs.RequiresGradient)
            {
                Tensor<T> dmeans = Save(Tape.Allocate<T>(Means.Shape));
                Tensors.Kernels.NegativeSampling.BackwardMeans(Outputs.Value, Targets, Errors, upstream, dmeans);
                Tensor<T> target = Inputs.GradientTarget(out bool accumulate);
                Tensors.Kernels.NegativeSampling.BackwardTable(dmeans, Contexts, default, T.One, target, accumulate);
            }
        }
    }
}
