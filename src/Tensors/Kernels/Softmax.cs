using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Turns the numbers of each row (the last axis) into probabilities: y_i = e^(x_i) / Σ_j e^(x_j).</summary>
public static class Softmax
{
    // Rows whose maxima are taken one after the other, so that no row waits for its own.
    private const int RowsAtOnce = 16;

    // What no cache holds until somebody reads it: it is written past them, where rows are long enough that two hide in each other.
    private const long StreamedBytes = 64 << 20;
    private const int StreamedColumns = 256;

    /// <summary>
    /// y = softmax(x); y may be x. The row's maximum is subtracted first, so that no finite x overflows. Elements of -infinity get 0, and
    /// so does a row that has nothing else.
    /// </summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Forward<T>(Tensor<T> x, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("Softmax", x.Shape, x);
        Check.Dense("Softmax", x.Shape, y);
        bool streams = x.Count * Unsafe.SizeOf<T>() >= StreamedBytes && x.Shape[-1] >= StreamedColumns;
        var kernel = new ForwardKernel<T> { X = x, Y = y, Streams = streams };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, Check.RowsOf(x.Shape), streams ? RowsAtOnce : Chunks.Rows(x.Shape[-1]));
    }

    /// <summary>dx_i = y_i (dy_i - Σ_j y_j dy_j), added to dx or written over it; dx may be dy.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Backward<T>(Tensor<T> y, Tensor<T> dy, Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("Softmax", y.Shape, y);
        Check.Dense("Softmax", y.Shape, dy);
        Check.Dense("Softmax", y.Shape, dx);
        var kernel = new BackwardKernel<T> { Y = y, Dy = dy, Dx = dx, Accumulate = accumulate };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, Check.RowsOf(y.Shape), Chunks.Rows(y.Shape[-1]));
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Y;
        public bool Streams;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = X.Shape[-1];
            T* maxima = stackalloc T[RowsAtOnce], sums = stackalloc T[RowsAtOnce + SoftmaxRows.RowsAtOnce];
            for (int row = start; row < end; row += RowsAtOnce)
            {
                int rows = Math.Min(RowsAtOnce, end - row);
                T* x = X.Pointer + (long)row * columns, y = Y.Pointer + (long)row * columns;
                if (Streams)
                    SoftmaxRows.Stream<V, T>(x, y, rows, columns);
                else
                {
                    SoftmaxRows.Maxima<V, T>(x, rows, columns, maxima);
                    SoftmaxRows.Divide<V, T>(x, y, rows, columns, maxima, sums);
                }
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Y, Dy, Dx;
        public bool Accumulate;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Y.Shape[-1];
            for (int row = start; row < end; row++)
            {
                long first = (long)row * columns;
                T* y = Y.Pointer + first, dy = Dy.Pointer + first, dx = Dx.Pointer + first;
                V mean = V.Broadcast(Rows.Dot<V, T>(y, dy, columns));
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V gradient = V.Load(y + i, width) * (V.Load(dy + i, width) - mean);
                    (Accumulate ? V.Load(dx + i, width) + gradient : gradient).Store(dx + i, width);
                }
            }
        }
    }
}
