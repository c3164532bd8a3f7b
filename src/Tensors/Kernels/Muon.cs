using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A matrix that <see cref="Muon"/> updates: views of the parameters, their gradients and their momentum.</summary>
/// <param name="Value">[R, C], contiguous, changed in place.</param>
/// <param name="Gradient">[R, C], contiguous, left alone.</param>
/// <param name="Momentum">[R, C], contiguous, changed in place; zeros before the first step.</param>
public readonly record struct MuonMatrix<T>(Tensor<T> Value, Tensor<T> Gradient, Tensor<T> Momentum)
    where T : unmanaged;

/// <summary>What one step of <see cref="Muon"/> does.</summary>
/// <param name="LearningRate">The step size.</param>
/// <param name="Momentum">How much of the moving mean of the gradients stays.</param>
/// <param name="Nesterov">Whether the step goes along the mean as it will be after this gradient once more, instead of as it is.</param>
/// <param name="WeightDecay">How much parameters shrink, in units of the learning rate.</param>
/// <param name="GradientScale">Multiplies the gradients first: the clipping factor.</param>
public readonly record struct MuonStep(double LearningRate, double Momentum, bool Nesterov, double WeightDecay, double GradientScale);

/// <summary>Momentum whose steps are orthogonalised (Jordan et al. 2024), with decoupled weight decay, in PyTorch's order of operations.</summary>
public static class Muon
{
    /// <summary>
    /// One step of each matrix. With g the scaled gradient and m the momentum: m += (1 - momentum)(g - m); u = g + momentum (m - g), or m
    /// without Nesterov; w -= learningRate · weightDecay · w; w -= learningRate · √max(1, R / C) · <see cref="NewtonSchulz"/>(u).
    /// </summary>
    /// <param name="matrices">The matrices. No two may share memory.</param>
    /// <param name="step">The step's numbers.</param>
    /// <param name="polynomials">The steps of the iteration that orthogonalises, for all matrices.</param>
    /// <exception cref="ShapeException">The shapes of a matrix differ, or it is none.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    /// <remarks>
    /// Small products do not share well among threads, so that each thread takes a whole matrix; one that would keep the others waiting is
    /// updated by all of them. Who computes what changes no bit of it.
    /// </remarks>
    public static void Update<T>(MuonMatrix<T>[] matrices, in MuonStep step, OddQuintic[] polynomials)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double total = 0;
        foreach (ref readonly MuonMatrix<T> matrix in matrices.AsSpan())
        {
            CheckShapes(matrix);
            total += Work(matrix);
        }

        var kernel = new Kernel<T> { Matrices = matrices, Step = step, Polynomials = polynomials, MostWork = total / Workers.Count };
        foreach (ref readonly MuonMatrix<T> matrix in matrices.AsSpan())
        {
            if (Work(matrix) > kernel.MostWork)
                kernel.Update(matrix);
        }

        Workers.Run<T, Kernel<T>>(ref kernel, matrices.Length, grain: 1);
    }

    private static void CheckShapes<T>(in MuonMatrix<T> matrix)
        where T : unmanaged
    {
        if (matrix.Value.Rank != 2)
            throw new ShapeException("Muon", matrix.Value.Shape, matrix.Gradient.Shape, "they must be matrices");

        Check.Dense("Muon", matrix.Value.Shape, matrix.Value);
        Check.Dense("Muon", matrix.Value.Shape, matrix.Gradient);
        Check.Dense("Muon", matrix.Value.Shape, matrix.Momentum);
    }

    /// <summary>Multiplications of one step of the iteration, a third more or less.</summary>
    private static double Work<T>(in MuonMatrix<T> matrix)
        where T : unmanaged => (double)matrix.Value.Count * Math.Min(matrix.Value.Shape[0], matrix.Value.Shape[1]);

    private struct Kernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public MuonMatrix<T>[] Matrices;
        public MuonStep Step;
        public OddQuintic[] Polynomials;
        public double MostWork;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int i = start; i < end; i++)
            {
                if (Work(Matrices[i]) <= MostWork)
                    Update(Matrices[i]);
            }
        }

        public readonly void Update(in MuonMatrix<T> matrix)
        {
            Shape shape = matrix.Value.Shape;
            Tensor<T> change = Scratch.GetTensor<T>(Scratch.Slot.Orthogonalized, shape);
            var momentum = new MomentumKernel<T>
            {
                Gradient = matrix.Gradient,
                Momentum = matrix.Momentum,
                Change = change,
                GradientScale = T.CreateTruncating(Step.GradientScale),
                New = T.CreateTruncating(1 - Step.Momentum),
                Nesterov = T.CreateTruncating(Step.Nesterov ? Step.Momentum : 1),
            };
            Workers.Run<T, MomentumKernel<T>>(ref momentum, Chunks.Covering(change.Count), 1);
            NewtonSchulz.Orthogonalize(change, Polynomials, change);
            var apply = new ApplyKernel<T>
            {
                Value = matrix.Value,
                Change = change,
                Kept = T.CreateTruncating(1 - Step.LearningRate * Step.WeightDecay),
                Rate = T.CreateTruncating(-Step.LearningRate * Math.Sqrt(Math.Max(1, (double)shape[0] / shape[1]))),
            };
            Workers.Run<T, ApplyKernel<T>>(ref apply, Chunks.Covering(change.Count), 1);
        }
    }

    private unsafe struct MomentumKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Gradient, Momentum, Change;
        public T GradientScale, New, Nesterov;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            (long first, int count) = Chunks.Range(start, end, Change.Count);
            T* gradient = Gradient.Pointer + first, momentum = Momentum.Pointer + first, change = Change.Pointer + first;
            V gradientScale = V.Broadcast(GradientScale), isNew = V.Broadcast(New), nesterov = V.Broadcast(Nesterov);
            for (int i = 0; i < count; i += V.Count)
            {
                int width = Math.Min(V.Count, count - i);
                V g = V.Load(gradient + i, width) * gradientScale;
                V m = V.Load(momentum + i, width);
                V.AddProduct(ref m, isNew, g - m);
                m.Store(momentum + i, width);
                V.MultiplyAdd(nesterov, m - g, g).Store(change + i, width);
            }
        }
    }

    private unsafe struct ApplyKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Value, Change;
        public T Kept, Rate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            (long first, int count) = Chunks.Range(start, end, Change.Count);
            T* value = Value.Pointer + first, change = Change.Pointer + first;
            V kept = V.Broadcast(Kept), rate = V.Broadcast(Rate);
            for (int i = 0; i < count; i += V.Count)
            {
                int width = Math.Min(V.Count, count - i);
                V.MultiplyAdd(rate, V.Load(change + i, width), V.Load(value + i, width) * kept).Store(value + i, width);
            }
        }
    }
}
