using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Gated linear units (Shazeer 2020): of each row the first half, through a function, gates the second. With SiLU it is SwiGLU. The
/// derivative computes the function again rather than reading it from memory.
/// </summary>
public static class GatedActivation
{
    /// <summary>y = f(gate) · up.</summary>
    /// <param name="x">[..., 2F]: gate, then up.</param>
    /// <param name="y">[..., F].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void Forward<T, TFunction>(in Tensor<T> x, in Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        Check.Dense("GatedActivation", ShapeOfResult(x.Shape), y);
        Check.Dense("GatedActivation", x.Shape, x);
        var kernel = new ForwardKernel<T, TFunction> { X = x.Pointer, Y = y.Pointer, Columns = y.Shape[-1] };
        Workers.Run<T, ForwardKernel<T, TFunction>>(ref kernel, Check.RowsOf(y.Shape), Chunks.Rows(y.Shape[-1]));
    }

    /// <summary>dgate = dy · up · f'(gate) and dup = dy · f(gate), added to dx or written over it.</summary>
    /// <param name="x">The input, [..., 2F].</param>
    /// <param name="dy">The output's gradient, [..., F].</param>
    /// <param name="dx">The input's gradient, [..., 2F]; may be x where it is not added to.</param>
    /// <param name="accumulate">Whether dx is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void Backward<T, TFunction>(in Tensor<T> x, in Tensor<T> dy, in Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        Check.Dense("GatedActivation", ShapeOfResult(x.Shape), dy);
        Check.Dense("GatedActivation", x.Shape, x);
        Check.Dense("GatedActivation", x.Shape, dx);
        var kernel = new BackwardKernel<T, TFunction>
        {
            X = x.Pointer,
            Dy = dy.Pointer,
            Dx = dx.Pointer,
            Columns = dy.Shape[-1],
            Accumulate = accumulate,
        };
        Workers.Run<T, BackwardKernel<T, TFunction>>(ref kernel, Check.RowsOf(dy.Shape), Chunks.Rows(dy.Shape[-1]));
    }

    /// <summary>The shape of y: the last axis of x halved.</summary>
    /// <exception cref="ShapeException">There is no last axis, or it has no halves.</exception>
    public static Shape ShapeOfResult(in Shape x) => x.Rank > 0 && x[-1] % 2 == 0
        ? x.With(-1, x[-1] / 2)
        : throw new ShapeException("GatedActivation", x, x, "the last axis must hold a gate and as many numbers to be gated");

    private unsafe struct ForwardKernel<T, TFunction> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        public T* X, Y;
        public int Columns;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Columns;
            for (int row = start; row < end; row++)
            {
                T* gate = X + 2L * row * columns, up = gate + columns, y = Y + (long)row * columns;
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    (TFunction.Value(V.Load(gate + i, width)) * V.Load(up + i, width)).Store(y + i, width);
                }
            }
        }
    }

    private unsafe struct BackwardKernel<T, TFunction> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IActivation<T>
    {
        public T* X, Dy, Dx;
        public int Columns;
        public bool Accumulate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Columns;
            bool accumulate = Accumulate;
            for (int row = start; row < end; row++)
            {
                T* gate = X + 2L * row * columns, up = gate + columns, dy = Dy + (long)row * columns;
                T* dgate = Dx + 2L * row * columns, dup = dgate + columns;
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V value = TFunction.ValueAndDerivative(V.Load(gate + i, width), out V slope);
                    V gradient = V.Load(dy + i, width);
                    V ofGate = gradient * V.Load(up + i, width) * slope, ofUp = gradient * value;
                    (accumulate ? V.Load(dgate + i, width) + ofGate : ofGate).Store(dgate + i, width);
                    (accumulate ? V.Load(dup + i, width) + ofUp : ofUp).Store(dup + i, width);
                }
            }
        }
    }
}
