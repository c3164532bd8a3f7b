using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Root mean square normalisation (Zhang and Sennrich 2019): each row (the last axis) is scaled to a mean square of 1, then multiplied by a
/// gain that all rows share.
/// </summary>
public static class RmsNorm
{
    /// <summary>y = x / √(mean(x²) + epsilon) · gain; y may be x.</summary>
    /// <param name="x">[..., C].</param>
    /// <param name="gain">[C].</param>
    /// <param name="y">[..., C].</param>
    /// <param name="inverseRootMeanSquare">Gets each row's 1 / √(mean(x²) + epsilon), for the backward pass; may be empty.</param>
    /// <param name="epsilon">Keeps rows of zeros from a division by zero.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Forward<T>(Tensor<T> x, Tensor<T> gain, Tensor<T> y, Tensor<T> inverseRootMeanSquare, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("RmsNorm", x.Shape, x);
        Check.Dense("RmsNorm", x.Shape, y);
        Check.PerColumn("RmsNorm", x.Shape, gain);
        Check.PerRow("RmsNorm", x.Shape, inverseRootMeanSquare, optional: true);

        var kernel = new ForwardKernel<T> { X = x, Gain = gain, Y = y, InverseRootMeanSquare = inverseRootMeanSquare, Epsilon = epsilon };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, Check.RowsOf(x.Shape), Chunks.Rows(x.Shape[-1]));
    }

    /// <summary>
    /// With n = x · inverseRootMeanSquare and g = dy · gain: dx = inverseRootMeanSquare (g - n mean(g n)) and dgain = Σ dy n over all rows.
    /// Each gradient is added to its tensor or written over it.
    /// </summary>
    /// <param name="x">The input, [..., C].</param>
    /// <param name="gain">[C].</param>
    /// <param name="inverseRootMeanSquare">From the forward pass, one a row.</param>
    /// <param name="dy">The output's gradient, [..., C].</param>
    /// <param name="dx">The input's gradient, [..., C]; may be dy, or empty if nobody wants it.</param>
    /// <param name="accumulateInput">Whether dx is added to.</param>
    /// <param name="dgain">[C], or empty if nobody wants it.</param>
    /// <param name="accumulateParameters">Whether dgain is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void Backward<T>(
        Tensor<T> x,
        Tensor<T> gain,
        Tensor<T> inverseRootMeanSquare,
        Tensor<T> dy,
        Tensor<T> dx,
        bool accumulateInput,
        Tensor<T> dgain,
        bool accumulateParameters)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("RmsNorm", x.Shape, x);
        Check.Dense("RmsNorm", x.Shape, dy);
        Check.PerColumn("RmsNorm", x.Shape, gain);
        Check.PerRow("RmsNorm", x.Shape, inverseRootMeanSquare);
        Check.Dense("RmsNorm", x.Shape, dx, optional: true);
        Check.PerColumn("RmsNorm", x.Shape, dgain, optional: true);

        int columns = x.Shape[-1];
        var rows = new RowChunks(Check.RowsOf(x.Shape), columns);
        var kernel = new BackwardKernel<T>
        {
            X = x,
            Gain = gain,
            InverseRootMeanSquare = inverseRootMeanSquare,
            Dy = dy,
            Dx = dx,
            Accumulate = accumulateInput,
            Chunks = rows,
            Partials = dgain.IsEmpty ? null : Scratch.Get<T>(Scratch.Slot.Partials, (long)rows.Count * columns),
        };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, rows.Count, 1);
        rows.Combine(kernel.Partials, columns, dgain, accumulateParameters);
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Gain, Y, InverseRootMeanSquare;
        public T Epsilon;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = X.Shape[-1];
            T* gain = Gain.Pointer;
            for (int row = start; row < end; row++)
            {
                T* x = X.Pointer + (long)row * columns, y = Y.Pointer + (long)row * columns;
                T scale = T.One / T.Sqrt(Rows.Dot<V, T>(x, x, columns) / T.CreateTruncating(columns) + Epsilon);
                V factor = V.Broadcast(scale);
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    (V.Load(x + i, width) * factor * V.Load(gain + i, width)).Store(y + i, width);
                }

                if (!InverseRootMeanSquare.IsEmpty)
                {
                    InverseRootMeanSquare.Pointer[row] = scale;
                }
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Gain, InverseRootMeanSquare, Dy, Dx;
        public bool Accumulate;
        public RowChunks Chunks;
        public T* Partials; // dgain of each chunk, or null

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = X.Shape[-1];
            for (int chunk = start; chunk < end; chunk++)
            {
                T* dgain = Partials is null ? null : Partials + (long)chunk * columns;
                if (dgain is not null)
                {
                    NativeMemory.Clear(dgain, (nuint)columns * (nuint)sizeof(T));
                }

                (int first, int after) = Chunks.Range(chunk);
                for (int row = first; row < after; row++)
                {
                    Row<V>(row, columns, dgain);
                }
            }
        }

        private void Row<V>(int row, int columns, T* dgain)
            where V : unmanaged, ISimd<V, T>
        {
            T* x = X.Pointer + (long)row * columns, dy = Dy.Pointer + (long)row * columns, gain = Gain.Pointer;
            T* dx = Dx.IsEmpty ? null : Dx.Pointer + (long)row * columns;
            V factor = V.Broadcast(InverseRootMeanSquare.Pointer[row]);
            V product = V.Zero;
            for (int i = 0; i < columns && dx is not null; i += V.Count)
            {
                int width = Math.Min(V.Count, columns - i);
                V g = V.Load(dy + i, width) * V.Load(gain + i, width);
                product = V.MultiplyAdd(g, V.Load(x + i, width) * factor, product);
            }

            V projection = V.Broadcast(V.SumAcross(product) / T.CreateTruncating(columns));
            for (int i = 0; i < columns; i += V.Count)
            {
                int width = Math.Min(V.Count, columns - i);
                V gradient = V.Load(dy + i, width);
                V normal = V.Load(x + i, width) * factor;
                if (dgain is not null)
                {
                    V.MultiplyAdd(gradient, normal, V.Load(dgain + i, width)).Store(dgain + i, width);
                }

                if (dx is not null)
                {
                    V result = factor * (gradient * V.Load(gain + i, width) - normal * projection);
                    (Accumulate ? V.Load(dx + i, width) + result : result).Store(dx + i, width);
                }
            }
        }
    }
}
