using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Layer normalisation (Ba et al. 2016): each row (the last axis) is shifted to mean 0 and scaled to variance 1, then multiplied by a gain
/// and moved by a bias that all rows share.
/// </summary>
public static class LayerNorm
{
    /// <summary>y = (x - mean) / √(variance + epsilon) · gain + bias; y may be x.</summary>
    /// <param name="x">[..., C].</param>
    /// <param name="gain">[C].</param>
    /// <param name="bias">[C], or empty for none.</param>
    /// <param name="y">[..., C].</param>
    /// <param name="mean">Gets each row's mean, for the backward pass; may be empty.</param>
    /// <param name="inverseDeviation">Gets each row's 1 / √(variance + epsilon), for the backward pass; may be empty.</param>
    /// <param name="epsilon">Keeps rows of equal numbers from a division by zero.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void Forward<T>(
        in Tensor<T> x, in Tensor<T> gain, in Tensor<T> bias, in Tensor<T> y, in Tensor<T> mean, in Tensor<T> inverseDeviation, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("LayerNorm", x.Shape, x);
        Check.Dense("LayerNorm", x.Shape, y);
        Check.PerColumn("LayerNorm", x.Shape, gain);
        Check.PerColumn("LayerNorm", x.Shape, bias, optional: true);
        Check.PerRow("LayerNorm", x.Shape, mean, optional: true);
        Check.PerRow("LayerNorm", x.Shape, inverseDeviation, optional: true);

        var kernel = new ForwardKernel<T>
        {
            X = x.Pointer,
            Gain = gain.Pointer,
            Bias = bias.Pointer,
            Y = y.Pointer,
            Mean = mean.Pointer,
            InverseDeviation = inverseDeviation.Pointer,
            Columns = x.Shape[-1],
            Epsilon = epsilon,
        };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, Check.RowsOf(x.Shape), Chunks.Rows(x.Shape[-1]));
    }

    /// <summary>
    /// With n = (x - mean) · inverseDeviation and g = dy · gain: dx = inverseDeviation (g - mean(g) - n mean(g n)), dgain = Σ dy n and
    /// dbias = Σ dy over all rows. Each gradient is added to its tensor or written over it.
    /// </summary>
    /// <param name="x">The input, [..., C].</param>
    /// <param name="gain">[C].</param>
    /// <param name="mean">From the forward pass, one a row.</param>
    /// <param name="inverseDeviation">From the forward pass, one a row.</param>
    /// <param name="dy">The output's gradient, [..., C].</param>
    /// <param name="dx">The input's gradient, [..., C]; may be dy, or empty if nobody wants it.</param>
    /// <param name="accumulateInput">Whether dx is added to.</param>
    /// <param name="dgain">[C], or empty if nobody wants it.</param>
    /// <param name="dbias">[C], or empty if nobody wants it.</param>
    /// <param name="accumulateParameters">Whether dgain and dbias are added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void Backward<T>(
        Tensor<T> x,
        Tensor<T> gain,
        Tensor<T> mean,
        Tensor<T> inverseDeviation,
        Tensor<T> dy,
        Tensor<T> dx,
        bool accumulateInput,
        Tensor<T> dgain,
        Tensor<T> dbias,
        bool accumulateParameters)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("LayerNorm", x.Shape, x);
        Check.Dense("LayerNorm", x.Shape, dy);
        Check.PerColumn("LayerNorm", x.Shape, gain);
        Check.PerRow("LayerNorm", x.Shape, mean);
        Check.PerRow("LayerNorm", x.Shape, inverseDeviation);
        Check.Dense("LayerNorm", x.Shape, dx, optional: true);
        Check.PerColumn("LayerNorm", x.Shape, dgain, optional: true);
        Check.PerColumn("LayerNorm", x.Shape, dbias, optional: true);

        int columns = x.Shape[-1];
        var rows = new RowChunks(Check.RowsOf(x.Shape), columns);
        var kernel = new BackwardKernel<T>
        {
            X = x,
            Gain = gain,
            Mean = mean,
            InverseDeviation = inverseDeviation,
            Dy = dy,
            Dx = dx,
            Accumulate = accumulateInput,
            Chunks = rows,
            Partials = dgain.IsEmpty && dbias.IsEmpty ? null : Scratch.Get<T>(Scratch.Slot.Partials, 2L * rows.Count * columns),
        };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, rows.Count, 1);
        rows.Combine(kernel.Partials, 2L * columns, dgain, accumulateParameters);
        rows.Combine(kernel.Partials + columns, 2L * columns, dbias, accumulateParameters);
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public T* X, Gain, Bias, Y, Mean, InverseDeviation;
        public int Columns;
        public T Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Columns;
            var size = T.CreateTruncating(columns);
            for (int row = start; row < end; row++)
            {
                T* x = X + (long)row * columns, y = Y + (long)row * columns;
                T mean = Rows.Sum<V, T>(x, columns) / size;
                T inverseDeviation = T.One / T.Sqrt(Rows.SquaredDistance<V, T>(x, mean, columns) / size + Epsilon);
                V center = V.Broadcast(mean), factor = V.Broadcast(inverseDeviation);
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V normal = (V.Load(x + i, width) - center) * factor;
                    V shift = Bias is null ? V.Zero : V.Load(Bias + i, width);
                    V.MultiplyAdd(normal, V.Load(Gain + i, width), shift).Store(y + i, width);
                }

                if (Mean is not null)
                {
                    Mean[row] = mean;
                }

                if (InverseDeviation is not null)
                {
                    InverseDeviation[row] = inverseDeviation;
                }
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Gain, Mean, InverseDeviation, Dy, Dx;
        public bool Accumulate;
        public RowChunks Chunks;
        public T* Partials; // dgain and dbias of each chunk, or null

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = X.Shape[-1];
            for (int chunk = start; chunk < end; chunk++)
            {
                T* dgain = Partials is null ? null : Partials + 2L * chunk * columns;
                if (dgain is not null)
                {
                    NativeMemory.Clear(dgain, 2 * (nuint)columns * (nuint)sizeof(T));
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
            int whole = columns - columns % V.Count;
            V center = V.Broadcast(Mean.Pointer[row]), factor = V.Broadcast(InverseDeviation.Pointer[row]);
            V sum = V.Zero, product = V.Zero;
            if (!Dx.IsEmpty)
            {
                for (int i = 0; i < whole; i += V.Count)
                {
                    Project(row, columns, i, V.Count, center, factor, ref sum, ref product);
                }

                if (whole < columns)
                {
                    Project(row, columns, whole, columns - whole, center, factor, ref sum, ref product);
                }
            }

            var size = T.CreateTruncating(columns);
            V mean = V.Broadcast(V.SumAcross(sum) / size), projection = V.Broadcast(V.SumAcross(product) / size);
            for (int i = 0; i < whole; i += V.Count)
            {
                Add(row, columns, i, V.Count, dgain, center, factor, mean, projection);
            }

            if (whole < columns)
            {
                Add(row, columns, whole, columns - whole, dgain, center, factor, mean, projection);
            }
        }

        /// <summary>Adds up the gradient of the normalised row, and its products with that row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Project<V>(int row, int columns, int i, int width, V center, V factor, ref V sum, ref V product)
            where V : unmanaged, ISimd<V, T>
        {
            // Behind a row's end the gain is read as zero, so that nothing is added there.
            long at = (long)row * columns + i;
            V g = V.Load(Dy.Pointer + at, width) * V.Load(Gain.Pointer + i, width);
            V normal = (V.Load(X.Pointer + at, width) - center) * factor;
            sum += g;
            product = V.MultiplyAdd(g, normal, product);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Add<V>(
            int row, int columns, int i, int width, T* dgain, V center, V factor, V mean, V projection)
            where V : unmanaged, ISimd<V, T>
        {
            long at = (long)row * columns + i;
            V gradient = V.Load(Dy.Pointer + at, width);
            V normal = (V.Load(X.Pointer + at, width) - center) * factor;
            if (dgain is not null)
            {
                T* dbias = dgain + columns;
                V.MultiplyAdd(gradient, normal, V.Load(dgain + i, width)).Store(dgain + i, width);
                (V.Load(dbias + i, width) + gradient).Store(dbias + i, width);
            }

            if (!Dx.IsEmpty)
            {
                T* dx = Dx.Pointer + at;
                V result = factor * (gradient * V.Load(Gain.Pointer + i, width) - mean - normal * projection);
                (Accumulate ? V.Load(dx, width) + result : result).Store(dx, width);
            }
        }
    }
}
