using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

public static partial class Reductions
{
    /// <summary>The greatest element along one axis, and where it is: the first one of equals. NaN counts as greatest.</summary>
    /// <param name="x">Contiguous; the axis must not be empty.</param>
    /// <param name="axis">The axis; negative ones count from the end.</param>
    /// <param name="destination">Gets the greatest elements: contiguous, of x's shape without the axis.</param>
    /// <param name="indices">Gets their indices on the axis: contiguous, of the same shape.</param>
    /// <exception cref="ShapeException">A destination's shape is another.</exception>
    /// <exception cref="ArgumentException">The axis is empty.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Max<T>(Tensor<T> x, int axis, Tensor<T> destination, Tensor<int> indices)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("Max", x.Shape, x);
        Check.Dense("Max", x.Shape.Without(axis), destination);
        Check.Dense("Max", x.Shape.Without(axis), indices);
        (long outer, int size, long inner) = Split(x.Shape, x.Shape.Axis(axis));
        if (size == 0)
            throw new ArgumentException($"Max: axis {axis} of {x.Shape} is empty and has no greatest element.");

        var kernel = new MaxKernel<T> { X = x, Destination = destination, Indices = indices, Size = size, Inner = checked((int)inner) };
        Workers.Run<T, MaxKernel<T>>(ref kernel, checked((int)outer), Chunks.Rows(checked((int)(size * inner))));
    }

    /// <summary>The gradient of <see cref="Max{T}"/>: dy goes to where the maximum was found, 0 elsewhere.</summary>
    /// <param name="dy">The output's gradient.</param>
    /// <param name="indices">From the forward pass.</param>
    /// <param name="axis">The axis of dx.</param>
    /// <param name="dx">The input's gradient.</param>
    /// <param name="accumulate">Whether dx is added to or overwritten.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void MaxBackward<T>(Tensor<T> dy, Tensor<int> indices, int axis, Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("MaxBackward", dx.Shape, dx);
        Check.Dense("MaxBackward", dx.Shape.Without(axis), dy);
        Check.Dense("MaxBackward", dx.Shape.Without(axis), indices);
        (long outer, int size, long inner) = Split(dx.Shape, dx.Shape.Axis(axis));
        var kernel = new MaxBackwardKernel<T>
        {
            Dy = dy,
            Indices = indices,
            Dx = dx,
            Size = size,
            Inner = checked((int)inner),
            Accumulate = accumulate,
        };
        Workers.Run<T, MaxBackwardKernel<T>>(ref kernel, checked((int)outer), Chunks.Rows(checked((int)(size * inner))));
    }

    private unsafe struct MaxKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> X, Destination;
        public Tensor<int> Indices;
        public int Size, Inner;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int outer = start; outer < end; outer++)
            {
                T* x = X.Pointer + (long)outer * Size * Inner, greatest = Destination.Pointer + (long)outer * Inner;
                int* indices = Indices.Pointer + (long)outer * Inner;
                if (Inner == 1)
                    *greatest = Rows.Max<V, T>(x, Size);
                else
                    Columns<V>(x, greatest);

                for (int column = 0; column < Inner; column++)
                    indices[column] = Find(x + column, greatest[column]);
            }
        }

        private readonly void Columns<V>(T* x, T* greatest)
            where V : unmanaged, ISimd<V, T>
        {
            for (int column = 0; column < Inner; column += V.Count)
            {
                int width = Math.Min(V.Count, Inner - column);
                V max = V.Load(x + column, width);
                for (int i = 1; i < Size; i++)
                    max = V.Max(max, V.Load(x + column + (long)i * Inner, width));

                max.Store(greatest + column, width);
            }
        }

        // The comparison of bits would miss -0 = 0, that of numbers NaN.
        private readonly int Find(T* x, T value)
        {
            int i = 0;
            while (*x != value && !T.IsNaN(*x))
            {
                i++;
                x += Inner;
            }

            return i;
        }
    }

    private unsafe struct MaxBackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Dy, Dx;
        public Tensor<int> Indices;
        public int Size, Inner;
        public bool Accumulate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int outer = start; outer < end; outer++)
            {
                T* dx = Dx.Pointer + (long)outer * Size * Inner, dy = Dy.Pointer + (long)outer * Inner;
                int* indices = Indices.Pointer + (long)outer * Inner;
                if (!Accumulate)
                    new Span<T>(dx, checked(Size * Inner)).Clear();

                for (int column = 0; column < Inner; column++)
                    dx[(long)indices[column] * Inner + column] += dy[column];
            }
        }
    }
}
