using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Sums over an axis, over broadcast axes and over everything. Fixed chunks are added in a fixed order.</summary>
public static partial class Reductions
{
    /// <summary>destination = the sum of x over one axis.</summary>
    /// <param name="x">Contiguous.</param>
    /// <param name="axis">The axis; negative ones count from the end.</param>
    /// <param name="destination">Contiguous, of x's shape without the axis.</param>
    /// <param name="accumulate">Whether the sum is added to the destination or overwrites it.</param>
    /// <exception cref="ShapeException">The destination's shape is another.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such axis.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void Sum<T>(Tensor<T> x, int axis, Tensor<T> destination, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("Sum", x.Shape, x);
        Check.Dense("Sum", x.Shape.Without(axis), destination);
        (long outer, int size, long inner) = Split(x.Shape, x.Shape.Axis(axis));
        var kernel = new SumKernel<T>
        {
            X = x,
            Source = x.Pointer,
            Destination = destination,
            Target = destination.Pointer,
            Accumulate = accumulate,
        };
        Run(ref kernel, checked((int)outer), size, checked((int)inner));
    }

    /// <summary>
    /// destination = x summed over the axes on which the destination's shape would be broadcast to x's: the backward pass of a broadcast.
    /// </summary>
    /// <exception cref="ShapeException">The destination's shape does not broadcast to x's.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static unsafe void SumTo<T>(Tensor<T> x, Tensor<T> destination, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("SumTo", x.Shape, x);
        Check.Dense("SumTo", destination.Shape, destination);
        if (Shape.Broadcast(x.Shape, destination.Shape, "SumTo") != x.Shape || destination.Rank > x.Rank)
            throw new ShapeException("SumTo", x.Shape, destination.Shape, "the second must broadcast to the first");

        // Neighbouring axes that are both summed, or both kept, are one.
        Span<int> sizes = stackalloc int[Shape.MaxRank];
        Span<bool> summed = stackalloc bool[Shape.MaxRank];
        int groups = 0, toSum = 0;
        for (int axis = 0; axis < x.Rank; axis++)
        {
            int fromEnd = x.Rank - axis;
            bool isSummed = x.Shape[axis] != 1 && (fromEnd > destination.Rank || destination.Shape[-fromEnd] == 1);
            if (x.Shape[axis] == 1)
                continue;

            if (groups > 0 && summed[groups - 1] == isSummed)
            {
                sizes[groups - 1] = checked(sizes[groups - 1] * x.Shape[axis]);
                continue;
            }

            sizes[groups] = x.Shape[axis];
            summed[groups++] = isSummed;
            toSum += isSummed ? 1 : 0;
        }

        if (toSum == 0)
        {
            Elementwise.Copy(x.Reshape(destination.Shape), destination, accumulate);
            return;
        }

        var kernel = new SumKernel<T> { X = x, Source = x.Pointer, Destination = destination };
        for (int group = 0; group < groups; group++)
        {
            if (!summed[group])
                continue;

            int outer = Product(sizes[..group]), inner = Product(sizes[(group + 1)..groups]);
            bool last = --toSum == 0;
            kernel.Target = last
                ? destination.Pointer
                : Scratch.Get<T>(toSum == 1 ? Scratch.Slot.ReducedTwice : Scratch.Slot.ReducedOnce, (long)outer * inner);
            kernel.Accumulate = last && accumulate;
            Run(ref kernel, outer, sizes[group], inner);
            kernel.Source = kernel.Target;
            sizes[group] = 1;
        }
    }

    /// <summary>The sum of all elements, added up in double precision. x must be contiguous.</summary>
    /// <exception cref="InvalidOperationException">x is not contiguous.</exception>
    public static T Sum<T>(Tensor<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        T.CreateTruncating(Total(x, squares: false));

    /// <summary>The sum of the squares of all elements, added up in double precision. x must be contiguous.</summary>
    /// <exception cref="InvalidOperationException">x is not contiguous.</exception>
    public static double SumOfSquares<T>(Tensor<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Total(x, squares: true);

    /// <summary>How many numbers the chunks of <see cref="SquaresOfChunks"/> have, but for the last.</summary>
    public const int NumbersOfChunk = Chunks.Elements;

    /// <summary>
    /// The sums of squares of x's chunks: added up in their order they are <see cref="SumOfSquares"/>, to the last bit, whoever computes which.
    /// </summary>
    /// <param name="x">Contiguous.</param>
    /// <param name="sums">As many as there are chunks.</param>
    /// <exception cref="ArgumentException">There is room for more or fewer.</exception>
    /// <exception cref="InvalidOperationException">x is not contiguous.</exception>
    public static unsafe void SquaresOfChunks<T>(Tensor<T> x, Span<double> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        x.RequireContiguous();
        int chunks = Chunks.Covering(x.Count);
        if (sums.Length != chunks)
            throw new ArgumentException($"{x.Count} numbers have {chunks} chunks, there is room for {sums.Length}.");
        var kernel = new TotalKernel<T> { X = x, Squares = true, Partials = Scratch.Get<double>(Scratch.Slot.Partials, chunks) };
        Workers.Run<T, TotalKernel<T>>(ref kernel, chunks, 1);
        new Span<double>(kernel.Partials, chunks).CopyTo(sums);
    }

    private static unsafe double Total<T>(Tensor<T> x, bool squares)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        x.RequireContiguous();
        int chunks = Chunks.Covering(x.Count);
        var kernel = new TotalKernel<T> { X = x, Squares = squares, Partials = Scratch.Get<double>(Scratch.Slot.Partials, chunks) };
        Workers.Run<T, TotalKernel<T>>(ref kernel, chunks, 1);
        double total = 0;
        for (int chunk = 0; chunk < chunks; chunk++)
            total += kernel.Partials[chunk];

        return total;
    }

    // x as [outer, size, inner]; with few and long sums, chunks of them make partial sums [outer, chunks, inner] first.
    private static unsafe void Run<T>(ref SumKernel<T> kernel, int outer, int size, int inner)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int EnoughToShare = 64;
        var rows = new RowChunks(size, inner);
        if (outer >= EnoughToShare || rows.Count <= 1)
        {
            kernel.Run(outer, size, inner, size);
            return;
        }

        SumKernel<T> partial = kernel;
        partial.Target = Scratch.Get<T>(Scratch.Slot.Partials, (long)outer * rows.Count * inner);
        partial.Accumulate = false;
        partial.Run(outer, size, inner, rows.Length);
        kernel.Source = partial.Target;
        kernel.Run(outer, rows.Count, inner, rows.Count);
    }

    private static (long Outer, int Size, long Inner) Split(Shape shape, int axis)
    {
        long outer = 1, inner = 1;
        for (int i = 0; i < shape.Rank; i++)
        {
            outer *= i < axis ? shape[i] : 1;
            inner *= i > axis ? shape[i] : 1;
        }

        return (outer, shape[axis], inner);
    }

    private static int Product(ReadOnlySpan<int> sizes)
    {
        int product = 1;
        foreach (int size in sizes)
            product = checked(product * size);

        return product;
    }

    /// <summary>Sums chunks of the middle axis of [outer, size, inner] into [outer, chunks, inner].</summary>
    private unsafe struct SumKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Destination; // whose memory the pointers may point into
        public T* Source, Target;
        public bool Accumulate;
        private int _size, _inner, _length, _chunks;

        public void Run(int outer, int size, int inner, int length)
        {
            (_size, _inner, _length) = (size, inner, Math.Max(1, length));
            _chunks = Math.Max(1, (size + _length - 1) / _length);
            int grain = Chunks.Rows((int)Math.Min(int.MaxValue, (long)length * inner));
            Workers.Run<T, SumKernel<T>>(ref this, checked(outer * _chunks), grain);
        }

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int item = start; item < end; item++)
            {
                (int outer, int chunk) = Math.DivRem(item, _chunks);
                int first = chunk * _length, count = Math.Min(_length, _size - first);
                T* source = Source + ((long)outer * _size + first) * _inner, target = Target + (long)item * _inner;
                if (_inner == 1)
                {
                    T sum = Rows.Sum<V, T>(source, count);
                    *target = Accumulate ? *target + sum : sum;
                }
                else
                    Rows.SumColumns<V, T>(source, count, _inner, _inner, target, Accumulate);
            }
        }
    }

    private unsafe struct TotalKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Short enough that sums in single precision lose little before they are added up in double.
        private const int Piece = 1024;

        public Tensor<T> X;
        public bool Squares;
        public double* Partials;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int chunk = start; chunk < end; chunk++)
            {
                (long first, int count) = Chunks.Range(chunk, chunk + 1, X.Count);
                T* x = X.Pointer + first;
                double sum = 0;
                for (int i = 0; i < count; i += Piece)
                {
                    int length = Math.Min(Piece, count - i);
                    sum += double.CreateTruncating(Squares ? Rows.Dot<V, T>(x + i, x + i, length) : Rows.Sum<V, T>(x + i, length));
                }

                Partials[chunk] = sum;
            }
        }
    }
}
