using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A function of one number and its derivative, for <see cref="Map"/>.</summary>
public interface IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>f(x).</summary>
    static abstract V Value<V>(V x)
        where V : unmanaged, ISimd<V, T>;

    /// <summary>f'(x), where y = f(x) may make it cheaper. Which of the two it reads is said where it is defined.</summary>
    static abstract V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T>;
}

/// <summary>Applies a function of one number to every element.</summary>
/// <remarks>
/// The loops have one body for whole vectors and the last part: a second copy of a long function would exhaust what the JIT is willing to
/// inline into one method.
/// </remarks>
public static class Map
{
    /// <summary>y = f(x), element by element; y may be x.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Forward<T, TFunction>(in Tensor<T> x, in Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        Check.Dense("Map", x.Shape, x);
        Check.Dense("Map", x.Shape, y);
        var kernel = new ForwardKernel<T, TFunction> { X = x, Y = y };
        Workers.Run<T, ForwardKernel<T, TFunction>>(ref kernel, Chunks.Covering(x.Count), 1);
    }

    /// <summary>
    /// dx = dy · f'(x), added to dx or written over it; dx may be dy. Of x and y, one that the derivative does not read may be given as the
    /// other.
    /// </summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Backward<T, TFunction>(Tensor<T> x, Tensor<T> y, Tensor<T> dy, Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        Check.Dense("Map", dx.Shape, x);
        Check.Dense("Map", dx.Shape, y);
        Check.Dense("Map", dx.Shape, dy);
        Check.Dense("Map", dx.Shape, dx);
        var kernel = new BackwardKernel<T, TFunction> { X = x, Y = y, Dy = dy, Dx = dx, Accumulate = accumulate };
        Workers.Run<T, BackwardKernel<T, TFunction>>(ref kernel, Chunks.Covering(x.Count), 1);
    }

    private unsafe struct ForwardKernel<T, TFunction> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        public Tensor<T> X, Y;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            (long first, int count) = Chunks.Range(start, end, X.Count);
            T* x = X.Pointer + first, y = Y.Pointer + first;
            for (int i = 0; i < count; i += V.Count)
            {
                int width = Math.Min(V.Count, count - i);
                TFunction.Value(V.Load(x + i, width)).Store(y + i, width);
            }
        }
    }

    private unsafe struct BackwardKernel<T, TFunction> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        public Tensor<T> X, Y, Dy, Dx;
        public bool Accumulate;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            (long first, int count) = Chunks.Range(start, end, X.Count);
            T* x = X.Pointer + first, y = Y.Pointer + first, dy = Dy.Pointer + first, dx = Dx.Pointer + first;
            for (int i = 0; i < count; i += V.Count)
            {
                int width = Math.Min(V.Count, count - i);
                V slope = TFunction.Derivative(V.Load(x + i, width), V.Load(y + i, width));
                V gradient = V.Load(dy + i, width);
                (Accumulate ? V.MultiplyAdd(gradient, slope, V.Load(dx + i, width)) : gradient * slope).Store(dx + i, width);
            }
        }
    }
}
