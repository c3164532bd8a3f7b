using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019), in PyTorch's order of operations.</summary>
public static class AdamW
{
    /// <summary>
    /// One step on flat tensors of equal length, in one pass. With g the scaled gradient, m and v the moments and t the step:
    /// p -= learningRate · weightDecay · p; m += (1 - beta1)(g - m); v = beta2 v + (1 - beta2) g²;
    /// p -= learningRate / (1 - beta1^t) · m / (√v / √(1 - beta2^t) + epsilon).
    /// </summary>
    /// <param name="parameters">The parameters, changed in place.</param>
    /// <param name="gradients">The gradients, left alone.</param>
    /// <param name="firstMoment">The moving mean of the gradients; zeros before the first step.</param>
    /// <param name="secondMoment">The moving mean of their squares; zeros before the first step.</param>
    /// <param name="learningRate">The step size.</param>
    /// <param name="beta1">How much of the first moment stays.</param>
    /// <param name="beta2">How much of the second moment stays.</param>
    /// <param name="epsilon">Keeps the quotient finite where gradients are zero.</param>
    /// <param name="weightDecay">How much parameters shrink, in units of the learning rate.</param>
    /// <param name="gradientScale">Multiplies the gradients first: the clipping factor.</param>
    /// <param name="step">t, counted from 1.</param>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The step is less than 1.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Update<T>(
        Tensor<T> parameters,
        Tensor<T> gradients,
        Tensor<T> firstMoment,
        Tensor<T> secondMoment,
        T learningRate,
        T beta1,
        T beta2,
        T epsilon,
        T weightDecay,
        T gradientScale,
        int step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(step, 1);
        Check.Dense("AdamW", parameters.Shape, parameters);
        Check.Dense("AdamW", parameters.Shape, gradients);
        Check.Dense("AdamW", parameters.Shape, firstMoment);
        Check.Dense("AdamW", parameters.Shape, secondMoment);
        double correction1 = 1 - Math.Pow(double.CreateTruncating(beta1), step);
        double correction2 = 1 - Math.Pow(double.CreateTruncating(beta2), step);
        var kernel = new Kernel<T>
        {
            Parameters = parameters,
            Gradients = gradients,
            FirstMoment = firstMoment,
            SecondMoment = secondMoment,
            Beta2 = beta2,
            NewInFirst = T.One - beta1,
            NewInSecond = T.One - beta2,
            Epsilon = epsilon,
            Kept = T.One - learningRate * weightDecay,
            GradientScale = gradientScale,
            StepSize = T.CreateTruncating(double.CreateTruncating(learningRate) / correction1),
            RootFactor = T.CreateTruncating(1 / Math.Sqrt(correction2)),
        };
        Workers.Run<T, Kernel<T>>(ref kernel, Chunks.Covering(parameters.Count), 1);
    }

    private unsafe struct Kernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Parameters, Gradients, FirstMoment, SecondMoment;
        public T Beta2, NewInFirst, NewInSecond, Epsilon, Kept, GradientScale, StepSize, RootFactor;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            (long first, int count) = Chunks.Range(start, end, Parameters.Count);
            T* parameters = Parameters.Pointer + first, gradients = Gradients.Pointer + first;
            T* firstMoment = FirstMoment.Pointer + first, secondMoment = SecondMoment.Pointer + first;
            V gradientScale = V.Broadcast(GradientScale), epsilon = V.Broadcast(Epsilon), kept = V.Broadcast(Kept);
            V newInFirst = V.Broadcast(NewInFirst), beta2 = V.Broadcast(Beta2), newInSecond = V.Broadcast(NewInSecond);
            V stepSize = V.Broadcast(StepSize), rootFactor = V.Broadcast(RootFactor);
            for (int i = 0; i < count; i += V.Count)
            {
                int width = Math.Min(V.Count, count - i);
                V g = V.Load(gradients + i, width) * gradientScale;
                V m = V.Load(firstMoment + i, width);
                V.AddProduct(ref m, newInFirst, g - m);
                V v = V.MultiplyAdd(beta2, V.Load(secondMoment + i, width), newInSecond * (g * g));
                V change = m / V.MultiplyAdd(V.Sqrt(v), rootFactor, epsilon);
                m.Store(firstMoment + i, width);
                v.Store(secondMoment + i, width);
                (V.Load(parameters + i, width) * kept - stepSize * change).Store(parameters + i, width);
            }
        }
    }
}
