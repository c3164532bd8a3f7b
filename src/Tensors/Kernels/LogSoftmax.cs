using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>The logarithms of the probabilities of each row (the last axis): y_i = x_i - ln Σ_j e^(x_j).</summary>
public static class LogSoftmax
{
    /// <summary>y = log softmax(x); y may be x. A row that is all -infinity stays so.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Forward<T>(Tensor<T> x, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("LogSoftmax", x.Shape, x);
        Check.Dense("LogSoftmax", x.Shape, y);
        var kernel = new ForwardKernel<T> { X = x, Y = y };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, Check.RowsOf(x.Shape), Chunks.Rows(x.Shape[-1]));
    }

    /// <summary>dx_i = dy_i - e^(y_i) Σ_j dy_j, added to dx or written over it; dx may be dy.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Backward<T>(Tensor<T> y, Tensor<T> dy, Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("LogSoftmax", y.Shape, y);
        Check.Dense("LogSoftmax", y.Shape, dy);
        Check.Dense("LogSoftmax", y.Shape, dx);
        var kernel = new BackwardKernel<T> { Y = y, Dy = dy, Dx = dx, Accumulate = accumulate };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, Check.RowsOf(y.Shape), Chunks.Rows(y.Shape[-1]));
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Y;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = X.Shape[-1];
            for (int row = start; row < end; row++)
            {
                T* x = X.Pointer + (long)row * columns, y = Y.Pointer + (long)row * columns;
                T max = Rows.Max<V, T>(x, columns);

                // Any shift will do where all is -infinity, but -infinity itself would give NaN.
                T shift = T.IsNegativeInfinity(max) ? T.Zero : max;
                T log = T.IsNegativeInfinity(max) ? T.Zero : T.Log(Rows.SumExp<V, T>(x, shift, null, columns));
                V offset = V.Broadcast(shift), normaliser = V.Broadcast(log);
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    (V.Load(x + i, width) - offset - normaliser).Store(y + i, width);
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
                V sum = V.Broadcast(Rows.Sum<V, T>(dy, columns));
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V gradient = V.Load(dy + i, width) - SimdMath.Exp<V, T>(V.Load(y + i, width)) * sum;
                    (Accumulate ? V.Load(dx + i, width) + gradient : gradient).Store(dx + i, width);
                }
            }
        }
    }
}
