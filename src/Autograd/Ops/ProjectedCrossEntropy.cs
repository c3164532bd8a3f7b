using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Autograd.Ops;

/// <summary>The output projection and the loss of a language model in one: logits exist for a few rows at a time.</summary>
public static class ProjectedCrossEntropyOperator
{
    // 16 million floats take 64 MB. Rows enough that reading the whole weight for each chunk costs little beside multiplying with it.
    private const long MostLogits = 16 << 20;

    /// <summary>
    /// The mean over the targets of −log softmax(x·Wᵀ + b)[target], in nats: <see cref="CrossEntropyOperator.CrossEntropy{T}"/> of a
    /// <see cref="LinearOperator.Linear{T}(Variable{T}, Variable{T}, Variable{T}?)"/>. Logits that fit into one chunk are kept, and backward
    /// writes their gradient over them; others are computed again, so that [..., V] never exists whole.
    /// </summary>
    /// <param name="x">[..., C].</param>
    /// <param name="weight">[V, C].</param>
    /// <param name="targets">As many ids as rows of x; on the tape or otherwise alive until after the backward pass.</param>
    /// <param name="ignoredTarget">The id that marks a position without a target.</param>
    /// <param name="rowsAtOnce">Rows of logits in a chunk; 0 for as many as take 64 MB in single precision.</param>
    /// <param name="bias">[V], or null for none.</param>
    /// <param name="smoothing">The share of each target that is spread evenly over all tokens (Szegedy et al. 2016), in [0, 1).</param>
    /// <returns>A single number; zero where every target is ignored.</returns>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">A target is outside of the vocabulary.</exception>
    public static Variable<T> ProjectedCrossEntropy<T>(
        this Variable<T> x, Variable<T> weight, Tensor<int> targets, int ignoredTarget = CrossEntropyOperator.DefaultIgnoredTarget, int rowsAtOnce = 0,
        Variable<T>? bias = null, double smoothing = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (x.Shape.Rank < 1 || weight.Shape.Rank != 2 || weight.Shape[1] != x.Shape[-1] || targets.Count != x.Shape.Without(-1).Count)
        {
            throw new ShapeException(
                "ProjectedCrossEntropy", x.Shape, weight.Shape, $"[..., C] goes with a weight [V, C] and a target a row, not {targets.Shape}");
        }

        if (bias is not null && bias.Shape != [weight.Shape[0]])
            throw new ShapeException("ProjectedCrossEntropy", weight.Shape, bias.Shape, "a weight [V, C] goes with a bias [V]");
        if (!(smoothing >= 0 && smoothing < 1))
            throw new ArgumentException($"ProjectedCrossEntropy: the smoothing must be in [0, 1), it is {smoothing}.");

        Tape<T> tape = Tape<T>.Of(x, weight, bias);
        int rows = checked((int)targets.Count);
        int atOnce = rowsAtOnce > 0 ? rowsAtOnce : (int)Math.Max(1, Math.Min(rows, MostLogits / weight.Shape[0]));
        var job = new Chunked<T>(
            x.Value.Reshape([rows, x.Shape[-1]]), weight.Value, targets.Reshape([rows]), ignoredTarget, tape.Allocate<T>([rows, 2]),
            tape.Allocate<T>([Math.Min(rows, atOnce), weight.Shape[0]]), CrossEntropy.CountTargets(targets.Span, ignoredTarget, weight.Shape[0]))
        {
            Bias = bias is null ? default : bias.Value,
            Smoothing = smoothing,
        };
        Variable<T> y = tape.Result([], x.RequiresGradient || weight.RequiresGradient || bias is { RequiresGradient: true });
        y.Value.Span[0] = job.Loss(tape.Cancellation);
        if (!y.RequiresGradient)
        {
            tape.Return(job.Logits);
            return y;
        }

        ProjectedCrossEntropyNode<T> node = tape.Record<ProjectedCrossEntropyNode<T>>(y);
        (node.Tape, node.X, node.Weight, node.Bias, node.Job) = (tape, x, weight, bias, job);
        node.Save(job.LogSumExp);
        if (job.Chunks > 1)
            tape.Return(job.Logits);
        else
            node.Save(job.Logits);

        return y;
    }

    /// <summary>What forward and backward do chunk by chunk.</summary>
    private readonly record struct Chunked<T>(
        Tensor<T> X, Tensor<T> Weight, Tensor<int> Targets, int IgnoredTarget, Tensor<T> LogSumExp, Tensor<T> Logits, int Counted)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        /// <summary>[V]; empty for none.</summary>
        public Tensor<T> Bias { get; init; }

        public double Smoothing { get; init; }

        private int Rows => X.Shape[0];

        private int RowsAtOnce => Logits.Shape[0];

        public int Chunks => Rows == 0 ? 0 : (Rows + RowsAtOnce - 1) / RowsAtOnce;

        public T Loss(CancellationToken cancellationToken)
        {
            double sum = 0;
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                cancellationToken.ThrowIfCancellationRequested(); // a chunk of a large vocabulary takes as long as other operators
                Part<T> part = At(chunk);
                Gemm.Linear(part.X, Weight, Bias, part.Logits);
                T mean = CrossEntropy.Forward(part.Logits, part.Targets, part.LogSumExp, IgnoredTarget, Smoothing);
                sum += Chunks == 1 ? double.CreateTruncating(mean) : double.CreateTruncating(mean) * CountedIn(part);
            }

            return T.CreateTruncating(Chunks == 1 ? sum : sum / Math.Max(1, Counted));
        }

        /// <summary>The gradients, added to dx and dweight or written over them; either may be empty.</summary>
        public void AddGradients(
            Tensor<T> logits, T upstream, Tensor<T> dx, bool accumulateInput, Tensor<T> dweight, bool accumulateWeight,
            Tensor<T> dbias, bool accumulateBias, CancellationToken cancellationToken)
        {
            Chunked<T> job = this with { Logits = logits };
            for (int chunk = 0; chunk < Chunks; chunk++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Part<T> part = job.At(chunk);
                T share = upstream;
                if (Chunks > 1)
                {
                    Gemm.Linear(part.X, Weight, Bias, part.Logits);
                    share *= T.CreateTruncating(CountedIn(part)) / T.CreateTruncating(Math.Max(1, Counted));
                }

                CrossEntropy.Backward(part.Logits, part.Targets, part.LogSumExp, IgnoredTarget, share, part.Logits, accumulate: false, Smoothing);
                if (!dx.IsEmpty)
                    Gemm.Multiply(part.Logits, Weight, dx.Slice(0, chunk * RowsAtOnce, part.X.Shape[0]), accumulateInput);

                if (!dbias.IsEmpty)
                    Gemm.LinearGradients(part.Logits, part.X, dweight, accumulateWeight || chunk > 0, dbias, accumulateBias || chunk > 0);
                else if (!dweight.IsEmpty)
                    Gemm.Multiply(part.Logits.Transpose(0, 1), part.X, dweight, accumulateWeight || chunk > 0);
            }
        }

        private Part<T> At(int chunk)
        {
            int start = chunk * RowsAtOnce, rows = Math.Min(RowsAtOnce, Rows - start);
            return new Part<T>(
                X.Slice(0, start, rows), Targets.Slice(0, start, rows), LogSumExp.Slice(0, start, rows), Logits.Slice(0, 0, rows));
        }

        private int CountedIn(in Part<T> part) => CrossEntropy.CountTargets(part.Targets.Span, IgnoredTarget, Weight.Shape[0]);
    }

    private readonly record struct Part<T>(Tensor<T> X, Tensor<int> Targets, Tensor<T> LogSumExp, Tensor<T> Logits)
        where T : unmanaged;

    private sealed class ProjectedCrossEntropyNode<T> : Node<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tape<T> Tape = null!;
        public Variable<T> X = null!;
        public Variable<T> Weight = null!;
        public Variable<T>? Bias;
        public Chunked<T> Job;

        public override string Name => $"{base.Name} {Weight.Shape}";

        public override double ForwardOperations => 2.0 * X.Shape.Count * Weight.Shape[0];

        public override double BackwardOperations =>
            ForwardOperations * ((X.RequiresGradient ? 1 : 0) + (Weight.RequiresGradient ? 1 : 0));

        protected internal override void Backward()
        {
            Tensor<T> logits = Job.Chunks > 1 ? Save(Tape.Allocate<T>(Job.Logits.Shape)) : Job.Logits;
            bool accumulateInput = false, accumulateWeight = false, accumulateBias = false;
            Tensor<T> dx = X.RequiresGradient ? X.GradientTarget(out accumulateInput).Reshape(Job.X.Shape) : default;
            Tensor<T> dweight = Weight.RequiresGradient ? Weight.GradientTarget(out accumulateWeight) : default;
            Tensor<T> dbias = Bias is { RequiresGradient: true } ? Bias.GradientTarget(out accumulateBias) : default;
            Job.AddGradients(
                logits, Output.Gradient.Span[0], dx, accumulateInput, dweight, accumulateWeight, dbias, accumulateBias, Tape.Cancellation);
        }
    }
}
