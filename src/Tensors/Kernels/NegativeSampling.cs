using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Negative sampling, the loss of word2vec: the mean of some context rows is to have a large dot product with the row of the right target and
/// small ones with those of targets that were drawn at random. A score s has the loss −ln σ(s) for the right one, −ln σ(−s) for the others.
/// </summary>
/// <remarks>Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed representations of words and phrases and their compositionality", 2013.</remarks>
public static class NegativeSampling
{
    /// <summary>The id that stands where there is no context or no target.</summary>
    public const int None = -1;

    /// <summary>The loss, summed over all examples and targets, in nats.</summary>
    /// <param name="inputs">[R, C]: the vectors of contexts.</param>
    /// <param name="outputs">[S, C]: the vectors of targets.</param>
    /// <param name="contexts">[N, W], each inside [0, R) or <see cref="None"/>, one of a row at the least no <see cref="None"/>.</param>
    /// <param name="targets">[N, 1 + K], each inside [0, S) or <see cref="None"/>; the first of a row is the right one.</param>
    /// <param name="means">[N, C]: gets the means of the contexts, for the backward pass.</param>
    /// <param name="errors">[N, 1 + K]: gets the gradients of the scores, for the backward pass.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">An id is outside of its table, or an example has no context.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe T Forward<T>(
        Tensor<T> inputs, Tensor<T> outputs, Tensor<int> contexts, Tensor<int> targets, Tensor<T> means, Tensor<T> errors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOperands(inputs, outputs, contexts, targets, means, errors);
        int examples = contexts.Shape[0];
        var kernel = new ForwardKernel<T>
        {
            Inputs = inputs,
            Outputs = outputs,
            Contexts = contexts,
            Targets = targets,
            Means = means,
            Errors = errors,
            Losses = Scratch.Get<T>(Scratch.Slot.Partials, examples),
        };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, examples, Chunks.Rows(inputs.Shape[1] * targets.Shape[1]));

        double sum = 0;
        for (int example = 0; example < examples; example++)
            sum += double.CreateTruncating(kernel.Losses[example]);

        return T.CreateTruncating(sum);
    }

    /// <summary>The gradient of the contexts' means: dmeans = upstream · errors · outputs[targets].</summary>
    /// <param name="outputs">[S, C].</param>
    /// <param name="targets">[N, 1 + K].</param>
    /// <param name="errors">[N, 1 + K], from the forward pass.</param>
    /// <param name="upstream">The gradient of the loss.</param>
    /// <param name="dmeans">[N, C].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void BackwardMeans<T>(Tensor<T> outputs, Tensor<int> targets, Tensor<T> errors, T upstream, Tensor<T> dmeans)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("NegativeSampling", targets.Shape, errors);
        Check.Dense("NegativeSampling", [targets.Shape[0], outputs.Shape[1]], dmeans);
        CheckIds("target", targets, outputs.Shape[0]);
        var kernel = new MeansKernel<T> { Outputs = outputs, Targets = targets, Errors = errors, Upstream = upstream, Gradient = dmeans };
        Workers.Run<T, MeansKernel<T>>(ref kernel, targets.Shape[0], Chunks.Rows(outputs.Shape[1] * targets.Shape[1]));
    }

    /// <summary>
    /// The gradient of a table: each use of a row by an example adds that example's vector, times the weight of the use and a factor, in the
    /// order of the examples; the sum is added to the gradient or written over it.
    /// </summary>
    /// <param name="vectors">[N, C]: a vector for each example.</param>
    /// <param name="ids">[N, M]: the rows that an example uses, each inside [0, R) or <see cref="None"/>.</param>
    /// <param name="weights">[N, M]; empty for the inverse of how many rows the example uses, as in their mean.</param>
    /// <param name="factor">What everything is multiplied by.</param>
    /// <param name="gradient">[R, C].</param>
    /// <param name="accumulate">Whether the gradient is added to.</param>
    /// <remarks>Threads share out the rows of the table, so that nobody waits and the order of the additions is that of the examples.</remarks>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">An id is outside of the table.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void BackwardTable<T>(
        Tensor<T> vectors, Tensor<int> ids, Tensor<T> weights, T factor, Tensor<T> gradient, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int columns, int rows) = (ids.Shape[0], vectors.Shape[1], gradient.Shape[0]);
        Check.Dense("NegativeSampling", [examples, columns], vectors);
        Check.Dense("NegativeSampling", ids.Shape, weights, optional: true);
        Check.Dense("NegativeSampling", [rows, columns], gradient);
        CheckIds("id", ids, rows);
        RowUses uses = RowUses.Of(ids.Span, rows, None);
        var kernel = new TableKernel<T>
        {
            Vectors = vectors,
            Ids = ids,
            Weights = weights,
            Factor = factor,
            Uses = uses,
            Gradient = gradient,
            Accumulate = accumulate,
        };
        long usesOfRow = rows == 0 ? 1 : 1 + ids.Count / rows;
        Workers.Run<T, TableKernel<T>>(ref kernel, rows, Chunks.Rows((int)Math.Min(int.MaxValue, columns * usesOfRow)));
    }

    private static void CheckOperands<T>(
        Tensor<T> inputs, Tensor<T> outputs, Tensor<int> contexts, Tensor<int> targets, Tensor<T> means, Tensor<T> errors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (inputs.Rank != 2 || outputs.Rank != 2 || inputs.Shape[1] != outputs.Shape[1])
            throw new ShapeException("NegativeSampling", inputs.Shape, outputs.Shape, "[R, C] goes with [S, C]");

        if (contexts.Rank != 2 || targets.Rank != 2 || contexts.Shape[0] != targets.Shape[0] || targets.Shape[1] < 1)
            throw new ShapeException("NegativeSampling", contexts.Shape, targets.Shape, "contexts [N, W] go with targets [N, 1 + K]");

        Check.Dense("NegativeSampling", inputs.Shape, inputs);
        Check.Dense("NegativeSampling", outputs.Shape, outputs);
        Check.Dense("NegativeSampling", [contexts.Shape[0], inputs.Shape[1]], means);
        Check.Dense("NegativeSampling", targets.Shape, errors);
        CheckIds("context", contexts, inputs.Shape[0]);
        CheckIds("target", targets, outputs.Shape[0]);
        for (int example = 0; example < contexts.Shape[0]; example++)
        {
            if (!contexts.Span.Slice(example * contexts.Shape[1], contexts.Shape[1]).ContainsAnyExcept(None))
                throw new ArgumentException($"NegativeSampling: example {example} has no context.");
        }
    }

    private static void CheckIds(string what, Tensor<int> ids, int rows)
    {
        ReadOnlySpan<int> span = ids.Span;
        for (int i = 0; i < span.Length; i++)
        {
            if (span[i] != None && (uint)span[i] >= (uint)rows)
                throw new ArgumentException($"NegativeSampling: {what} {span[i]} at position {i} is outside of [0, {rows}).");
        }
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Inputs, Outputs, Means, Errors;
        public Tensor<int> Contexts, Targets;
        public T* Losses;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Inputs.Shape[1], width = Contexts.Shape[1], count = Targets.Shape[1];
            for (int example = start; example < end; example++)
            {
                T* mean = Means.Pointer + (long)example * columns, errors = Errors.Pointer + (long)example * count;
                WriteMean<V>(Contexts.Pointer + (long)example * width, mean);
                int* targets = Targets.Pointer + (long)example * count;
                // A score without a target is as if it were right beyond all doubt: no loss, and no gradient.
                for (int j = 0; j < count; j++)
                {
                    errors[j] = targets[j] == None
                        ? T.NegativeInfinity
                        : Rows.Dot<V, T>(mean, Outputs.Pointer + (long)targets[j] * columns, columns);
                }

                if (targets[0] != None)
                    errors[0] = -errors[0];

                Losses[example] = LossAndErrors<V>(errors, count);
                errors[0] = -errors[0];
            }
        }

        private readonly void WriteMean<V>(int* contexts, T* mean)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Inputs.Shape[1], used = 0;
            for (int w = 0; w < Contexts.Shape[1]; w++)
            {
                if (contexts[w] != None)
                    AddScaled<V, T>(Inputs.Pointer + (long)contexts[w] * columns, T.One, mean, columns, isFirst: used++ == 0);
            }

            if (used > 1)
                AddScaled<V, T>(mean, T.One / T.CreateTruncating(used), mean, columns, isFirst: true);
        }

        /// <summary>Turns scores z, each of which should be low, into σ(z), the gradients of their losses ln(1 + e^z), whose sum is returned.</summary>
        private static T LossAndErrors<V>(T* scores, int count)
            where V : unmanaged, ISimd<V, T>
        {
            V one = V.Broadcast(T.One), sum = V.Zero;
            for (int j = 0; j < count; j += V.Count)
            {
                int width = Math.Min(V.Count, count - j);
                V z = V.Load(scores + j, width);
                V loss = V.Max(z, V.Zero) + V.Log(one + SimdMath.Exp<V, T>(V.Zero - V.Abs(z)));
                sum += width == V.Count ? loss : V.Select(V.MaskOfFirst(width), loss, V.Zero);
                SimdMath.Sigmoid<V, T>(z).Store(scores + j, width);
            }

            return V.SumAcross(sum);
        }
    }

    private unsafe struct MeansKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Outputs, Errors, Gradient;
        public Tensor<int> Targets;
        public T Upstream;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Outputs.Shape[1], count = Targets.Shape[1];
            for (int example = start; example < end; example++)
            {
                T* gradient = Gradient.Pointer + (long)example * columns, errors = Errors.Pointer + (long)example * count;
                int* targets = Targets.Pointer + (long)example * count;
                new Span<T>(gradient, columns).Clear();
                for (int j = 0; j < count; j++)
                {
                    if (targets[j] != None)
                        AddScaled<V, T>(Outputs.Pointer + (long)targets[j] * columns, Upstream * errors[j], gradient, columns, isFirst: false);
                }
            }
        }
    }

    private unsafe struct TableKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Vectors, Weights, Gradient;
        public Tensor<int> Ids;
        public T Factor;
        public RowUses Uses;
        public bool Accumulate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Vectors.Shape[1], width = Ids.Shape[1];
            for (int row = start; row < end; row++)
            {
                T* gradient = Gradient.Pointer + (long)row * columns;
                if (!Accumulate)
                    new Span<T>(gradient, columns).Clear();

                for (int i = Uses.Starts[row]; i < Uses.Starts[row + 1]; i++)
                {
                    int place = Uses.Places[i], example = place / width;
                    T weight = Weights.IsEmpty ? T.One / T.CreateTruncating(UsedBy(example)) : Weights.Pointer[place];
                    AddScaled<V, T>(Vectors.Pointer + (long)example * columns, Factor * weight, gradient, columns, isFirst: false);
                }
            }
        }

        private readonly int UsedBy(int example)
        {
            int width = Ids.Shape[1], used = 0;
            for (int w = 0; w < width; w++)
                used += Ids.Pointer[(long)example * width + w] == None ? 0 : 1;

            return used;
        }
    }

    /// <summary>sum += x · factor; of the first one, sum = x · factor.</summary>
    private static unsafe void AddScaled<V, T>(T* x, T factor, T* sum, int count, bool isFirst)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V f = V.Broadcast(factor);
        int i = 0;
        for (; i <= count - V.Count; i += V.Count)
            V.MultiplyAdd(V.Load(x + i), f, isFirst ? V.Zero : V.Load(sum + i)).Store(sum + i);

        if (i < count)
            V.MultiplyAdd(V.Load(x + i, count - i), f, isFirst ? V.Zero : V.Load(sum + i, count - i)).Store(sum + i, count - i);
    }
}
