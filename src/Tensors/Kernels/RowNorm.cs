using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>What two norms of rows differ in.</summary>
internal interface IRowNorm
{
    /// <summary>The name in messages.</summary>
    static abstract string Name { get; }

    /// <summary>Whether rows are moved to mean 0 first.</summary>
    static abstract bool Centres { get; }
}

/// <summary>
/// The one source of <see cref="LayerNorm"/> and <see cref="RmsNorm"/>: rows (the last axis) are scaled to a mean square of 1, after their
/// mean was taken from them where the norm centres, then multiplied by a gain and moved by a bias.
/// </summary>
internal static class RowNorm<T, TNorm>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TNorm : struct, IRowNorm
{
    /// <summary>See <see cref="LayerNorm.Forward"/>; the mean is empty where the norm does not centre.</summary>
    public static unsafe void Forward(
        in Tensor<T> x, in Tensor<T> gain, in Tensor<T> bias, in Tensor<T> y, in Tensor<T> mean, in Tensor<T> inverse, T epsilon)
    {
        Check.Rows(TNorm.Name, x.Shape, x);
        Check.RowsToWrite(TNorm.Name, x.Shape, y);
        Check.PerColumn(TNorm.Name, x.Shape, gain);
        Check.PerColumn(TNorm.Name, x.Shape, bias, optional: true);
        Check.PerRow(TNorm.Name, x.Shape, mean, optional: true);
        Check.PerRow(TNorm.Name, x.Shape, inverse, optional: true);
        var kernel = new ForwardKernel
        {
            X = new RowPointers<T>(x),
            Y = new RowPointers<T>(y),
            Gain = gain.Pointer,
            Bias = bias.Pointer,
            Mean = mean.Pointer,
            Inverse = inverse.Pointer,
            Columns = x.Shape[-1],
            Epsilon = epsilon,
        };
        Workers.Run<T, ForwardKernel>(ref kernel, Check.RowsOf(x.Shape), Chunks.Rows(x.Shape[-1]));
    }

    /// <summary>See <see cref="LayerNorm.Backward"/>; the mean is empty where the norm does not centre.</summary>
    public static unsafe void Backward(
        in Tensor<T> x, in Tensor<T> gain, in Tensor<T> mean, in Tensor<T> inverse, in Tensor<T> dy, in Tensor<T> dx, bool accumulateInput,
        in Tensor<T> dgain, bool accumulateGain, in Tensor<T> dbias, bool accumulateBias)
    {
        Check.Rows(TNorm.Name, x.Shape, x);
        Check.Rows(TNorm.Name, x.Shape, dy);
        Check.PerColumn(TNorm.Name, x.Shape, gain);
        Check.PerRow(TNorm.Name, x.Shape, mean, optional: !TNorm.Centres);
        Check.PerRow(TNorm.Name, x.Shape, inverse);
        Check.RowsToWrite(TNorm.Name, x.Shape, dx, optional: true);
        Check.PerColumn(TNorm.Name, x.Shape, dgain, optional: true);
        Check.PerColumn(TNorm.Name, x.Shape, dbias, optional: true);

        int columns = x.Shape[-1], sums = columns * ((dgain.IsEmpty ? 0 : 1) + (dbias.IsEmpty ? 0 : 1));
        var rows = new RowChunks(Check.RowsOf(x.Shape), columns);
        T* partials = sums == 0 ? null : Scratch.Get<T>(Scratch.Slot.Partials, (long)rows.Count * sums);
        var kernel = new BackwardKernel
        {
            X = new RowPointers<T>(x),
            Dy = new RowPointers<T>(dy),
            Dx = new RowPointers<T>(dx),
            Gain = gain.Pointer,
            Mean = mean.Pointer,
            Inverse = inverse.Pointer,
            Columns = columns,
            Accumulate = accumulateInput,
            Chunks = rows,
            Sums = sums,
            Dgain = dgain.IsEmpty ? null : partials,
            Dbias = dbias.IsEmpty ? null : dgain.IsEmpty ? partials : partials + columns,
        };
        Workers.Run<T, BackwardKernel>(ref kernel, rows.Count, 1);
        rows.Combine(kernel.Dgain, sums, dgain, accumulateGain);
        rows.Combine(kernel.Dbias, sums, dbias, accumulateBias);
    }

    private unsafe struct ForwardKernel : IRangeKernel<T>
    {
        public RowPointers<T> X, Y;
        public T* Gain, Bias, Mean, Inverse;
        public int Columns;
        public T Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Columns, whole = columns - columns % V.Count;
            T* gain = Gain, bias = Bias;
            var size = T.CreateTruncating(columns);
            for (int row = start; row < end; row++)
            {
                T* x = X.At(row), y = Y.At(row);
                T mean = TNorm.Centres ? Rows.Sum<V, T>(x, columns) / size : T.Zero;
                T squares = TNorm.Centres ? Rows.SquaredDistance<V, T>(x, mean, columns) : Rows.Dot<V, T>(x, x, columns);
                T inverse = T.One / T.Sqrt(squares / size + Epsilon);
                V center = V.Broadcast(mean), factor = V.Broadcast(inverse);
                for (int i = 0; i < whole; i += V.Count)
                {
                    V normal = Normal(V.Load(x + i), center, factor), scale = V.Load(gain + i);
                    (bias is not null ? V.MultiplyAdd(normal, scale, V.Load(bias + i)) : normal * scale).Store(y + i);
                }

                if (whole < columns)
                {
                    int rest = columns - whole;
                    V normal = Normal(V.Load(x + whole, rest), center, factor), scale = V.Load(gain + whole, rest);
                    (bias is not null ? V.MultiplyAdd(normal, scale, V.Load(bias + whole, rest)) : normal * scale).Store(y + whole, rest);
                }

                if (Mean is not null)
                    Mean[row] = mean;

                if (Inverse is not null)
                    Inverse[row] = inverse;
            }
        }
    }

    private unsafe struct BackwardKernel : IRangeKernel<T>
    {
        public RowPointers<T> X, Dy, Dx;
        public T* Gain, Mean, Inverse;
        public int Columns;
        public bool Accumulate;
        public RowChunks Chunks;
        public int Sums; // of each chunk: dgain and dbias, as far as they are wanted
        public T* Dgain, Dbias; // of the first chunk, or null

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int chunk = start; chunk < end; chunk++)
            {
                T* dgain = Dgain is null ? null : Dgain + (long)chunk * Sums, dbias = Dbias is null ? null : Dbias + (long)chunk * Sums;
                NativeMemory.Clear(dgain is null ? dbias : dgain, (nuint)Sums * (nuint)sizeof(T));
                (int first, int after) = Chunks.Range(chunk);
                for (int row = first; row < after; row++)
                    Row<V>(row, dgain, dbias);
            }
        }

        private readonly void Row<V>(int row, T* dgain, T* dbias)
            where V : unmanaged, ISimd<V, T>
        {
            T* x = X.At(row), dy = Dy.At(row), dx = Dx.IsEmpty ? null : Dx.At(row);
            int columns = Columns, whole = columns - columns % V.Count;
            V center = V.Broadcast(TNorm.Centres ? Mean[row] : T.Zero), factor = V.Broadcast(Inverse[row]);
            V sum = V.Zero, product = V.Zero;
            if (dx is not null)
            {
                for (int i = 0; i < whole; i += V.Count)
                    Project(x + i, dy + i, Gain + i, V.Count, center, factor, ref sum, ref product);

                if (whole < columns)
                    Project(x + whole, dy + whole, Gain + whole, columns - whole, center, factor, ref sum, ref product);
            }

            var size = T.CreateTruncating(columns);
            V mean = V.Broadcast(TNorm.Centres ? V.SumAcross(sum) / size : T.Zero), projection = V.Broadcast(V.SumAcross(product) / size);
            for (int i = 0; i < whole; i += V.Count)
                Add(x, dy, dx, i, V.Count, dgain, dbias, center, factor, mean, projection);

            if (whole < columns)
                Add(x, dy, dx, whole, columns - whole, dgain, dbias, center, factor, mean, projection);
        }

        /// <summary>Adds up the gradient of the normalised row, and its products with that row.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Project<V>(T* x, T* dy, T* gain, int width, V center, V factor, ref V sum, ref V product)
            where V : unmanaged, ISimd<V, T>
        {
            // Behind a row's end the gain is read as zero, so that nothing is added there.
            V g = V.Load(dy, width) * V.Load(gain, width);
            V.AddProduct(ref product, g, Normal(V.Load(x, width), center, factor));
            if (TNorm.Centres)
                sum += g;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Add<V>(
            T* x, T* dy, T* dx, int i, int width, T* dgain, T* dbias, V center, V factor, V mean, V projection)
            where V : unmanaged, ISimd<V, T>
        {
            V gradient = V.Load(dy + i, width);
            V normal = Normal(V.Load(x + i, width), center, factor);
            if (dgain is not null)
                V.MultiplyAdd(gradient, normal, V.Load(dgain + i, width)).Store(dgain + i, width);

            if (dbias is not null)
                (V.Load(dbias + i, width) + gradient).Store(dbias + i, width);

            if (dx is not null)
            {
                V ofNormal = gradient * V.Load(Gain + i, width);
                V result = factor * ((TNorm.Centres ? ofNormal - mean : ofNormal) - normal * projection);
                (Accumulate ? V.Load(dx + i, width) + result : result).Store(dx + i, width);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Normal<V>(V x, V center, V factor)
        where V : unmanaged, ISimd<V, T> => TNorm.Centres ? (x - center) * factor : x * factor;
}
