using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>How surprised a model is by the right answers: the mean over the rows of -ln softmax(logits)[target], in nats.</summary>
/// <remarks>
/// Numbers that all logits of a row share change no probability, but they would take the last digits of ln Σ e^logits with them; see
/// <see cref="ShiftedLogSumExp"/>.
/// </remarks>
public static class CrossEntropy
{
    /// <summary>The mean loss over the targets that are not ignored; 0 when all are.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="targets">[N], each inside [0, V) or the ignored one.</param>
    /// <param name="logSumExp">[N, 2]: gets of each row a shift and ln Σ e^(logits - shift), for the backward pass.</param>
    /// <param name="ignoredTarget">The target of rows that do not count; PyTorch uses -100.</param>
    /// <param name="smoothing">The share of each target that is spread evenly over all tokens (Szegedy et al. 2016), in [0, 1).</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">A target is neither inside [0, V) nor the ignored one.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe T Forward<T>(Tensor<T> logits, Tensor<int> targets, Tensor<T> logSumExp, int ignoredTarget, double smoothing = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int counted = CountTargets(logits, targets, logSumExp, ignoredTarget);
        int rows = logits.Shape[0];
        var kernel = new ForwardKernel<T>
        {
            Logits = logits,
            Targets = targets,
            LogSumExp = logSumExp,
            IgnoredTarget = ignoredTarget,
            Smoothing = T.CreateTruncating(smoothing),
            Losses = Scratch.Get<T>(Scratch.Slot.Partials, rows),
        };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, rows, Chunks.Rows(logits.Shape[1]));

        double sum = 0;
        for (int row = 0; row < rows; row++)
            sum += double.CreateTruncating(kernel.Losses[row]);

        return T.CreateTruncating(sum / Math.Max(counted, 1));
    }

    /// <summary>
    /// dlogits = upstream / (number of targets that count) · (softmax(logits) - one-hot(target), smoothed as in the forward pass), and 0 in
    /// ignored rows; added to dlogits or written over it. dlogits may be logits.
    /// </summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="targets">[N].</param>
    /// <param name="logSumExp">[N, 2], from the forward pass.</param>
    /// <param name="ignoredTarget">The target of rows that do not count.</param>
    /// <param name="upstream">The gradient of the mean loss.</param>
    /// <param name="dlogits">[N, V].</param>
    /// <param name="accumulate">Whether dlogits is added to.</param>
    /// <param name="smoothing">The share of each target that was spread over all tokens.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">A target is neither inside [0, V) nor the ignored one.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Backward<T>(
        Tensor<T> logits, Tensor<int> targets, Tensor<T> logSumExp, int ignoredTarget, T upstream, Tensor<T> dlogits, bool accumulate,
        double smoothing = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int counted = CountTargets(logits, targets, logSumExp, ignoredTarget);
        Check.Dense("CrossEntropy", logits.Shape, dlogits);
        var kernel = new BackwardKernel<T>
        {
            Logits = logits,
            Targets = targets,
            LogSumExp = logSumExp,
            IgnoredTarget = ignoredTarget,
            Gradient = dlogits,
            Factor = upstream / T.CreateTruncating(Math.Max(counted, 1)),
            Accumulate = accumulate,
            Smoothing = T.CreateTruncating(smoothing),
        };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, logits.Shape[0], Chunks.Rows(logits.Shape[1]));
    }

    /// <summary>How many targets are not ignored.</summary>
    /// <param name="targets">Ids, each inside [0, <paramref name="vocabulary"/>) or the ignored one.</param>
    /// <param name="ignoredTarget">The target of rows that do not count.</param>
    /// <param name="vocabulary">V.</param>
    /// <exception cref="ArgumentException">A target is neither inside [0, V) nor the ignored one.</exception>
    public static int CountTargets(ReadOnlySpan<int> targets, int ignoredTarget, int vocabulary)
    {
        int counted = 0;
        for (int row = 0; row < targets.Length; row++)
        {
            if (targets[row] == ignoredTarget)
                continue;

            counted++;
            if ((uint)targets[row] >= (uint)vocabulary)
                throw new ArgumentException($"CrossEntropy: target {targets[row]} at position {row} is outside of [0, {vocabulary}).");
        }

        return counted;
    }

    private static int CountTargets<T>(Tensor<T> logits, Tensor<int> targets, Tensor<T> logSumExp, int ignoredTarget)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (logits.Rank != 2)
            throw new ArgumentException($"CrossEntropy: the logits must be [N, V], not {logits.Shape}.");

        Check.Dense("CrossEntropy", logits.Shape, logits);
        Check.PerRow("CrossEntropy", logits.Shape, targets);
        Check.Dense("CrossEntropy", [logits.Shape[0], 2], logSumExp);
        return CountTargets(targets.Span, ignoredTarget, logits.Shape[1]);
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Logits, LogSumExp;
        public Tensor<int> Targets;
        public int IgnoredTarget;
        public T Smoothing;
        public T* Losses;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Logits.Shape[1];
            for (int row = start; row < end; row++)
            {
                T* logits = Logits.Pointer + (long)row * columns;
                int target = Targets.Pointer[row];
                T max = Rows.Max<V, T>(logits, columns);
                T log = T.Log(Rows.SumExp<V, T>(logits, max, null, columns));
                ShiftedLogSumExp.Write(LogSumExp.Pointer + 2L * row, max + log, max, log);

                // Not logSumExp - logit: after the maximum was added, the rounding would be as large as a small loss.
                T loss = target == IgnoredTarget ? T.Zero : max - logits[target] + log;
                if (Smoothing > T.Zero && target != IgnoredTarget)
                    loss += Smoothing * (logits[target] - Rows.Sum<V, T>(logits, columns) / T.CreateTruncating(columns));
                Losses[row] = loss;
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Logits, LogSumExp, Gradient;
        public Tensor<int> Targets;
        public int IgnoredTarget;
        public T Factor, Smoothing;
        public bool Accumulate;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Logits.Shape[1];
            for (int row = start; row < end; row++)
            {
                T* logits = Logits.Pointer + (long)row * columns, gradient = Gradient.Pointer + (long)row * columns;
                int target = Targets.Pointer[row];
                if (target == IgnoredTarget)
                {
                    if (!Accumulate)
                        new Span<T>(gradient, columns).Clear();

                    continue;
                }

                V shift = V.Broadcast(LogSumExp.Pointer[2 * row]), offset = V.Broadcast(LogSumExp.Pointer[2 * row + 1]);
                V factor = V.Broadcast(Factor), spread = V.Broadcast(Factor * Smoothing / T.CreateTruncating(columns));
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V probability = SimdMath.Exp<V, T>(V.Load(logits + i, width) - shift - offset);
                    V previous = Accumulate ? V.Load(gradient + i, width) : V.Zero;
                    V.MultiplyAdd(probability, factor, previous - spread).Store(gradient + i, width);
                }

                gradient[target] -= Factor * (T.One - Smoothing);
            }
        }
    }
}
