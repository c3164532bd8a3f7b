using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>One step of a recurrent network after Elman (1990), what its matrices give being there already.</summary>
public static class RnnCell
{
    private const string Name = "Rnn";

    /// <summary>state = tanh(x + state).</summary>
    /// <param name="x">What the input gives, [B, 1, H]; rows lie without gaps, but may lie apart.</param>
    /// <param name="state">What the state before gives, [B, H]; becomes the state.</param>
    /// <param name="y">Gets the state too, [B, 1, H], as x.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    public static unsafe void Forward<T>(in Tensor<T> x, in Tensor<T> state, in Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int width) = (x.Shape[0], x.Shape[-1]);
        Check.Rows(Name, [examples, 1, width], x);
        Check.Dense(Name, [examples, width], state);
        Check.RowsToWrite(Name, [examples, 1, width], y);
        ForwardKernel<T> kernel = new() { X = new(x), State = state.Pointer, Y = new(y), Width = width };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, examples, Chunks.Rows(width));
    }

    /// <summary>The gradient of what tanh was taken of: (dy + dstate) · (1 − state²).</summary>
    /// <param name="state">From the forward pass, [B, H].</param>
    /// <param name="dy">The gradient of y, [B, 1, H]; rows lie without gaps, but may lie apart.</param>
    /// <param name="dstate">The gradient that the step after this one gives, [B, H].</param>
    /// <param name="dsum">Gets the gradient, [B, H].</param>
    /// <param name="dx">Gets it too, [B, 1, H], as dy; or empty.</param>
    /// <param name="accumulate">Whether dx is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    public static unsafe void Backward<T>(
        in Tensor<T> state, in Tensor<T> dy, in Tensor<T> dstate, in Tensor<T> dsum, in Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int width) = (dy.Shape[0], dy.Shape[-1]);
        Check.Dense(Name, [examples, width], state);
        Check.Rows(Name, [examples, 1, width], dy);
        Check.Dense(Name, [examples, width], dstate);
        Check.Dense(Name, [examples, width], dsum);
        Check.RowsToWrite(Name, [examples, 1, width], dx, optional: true);
        BackwardKernel<T> kernel = new()
        {
            State = state.Pointer,
            Dy = new(dy),
            Dstate = dstate.Pointer,
            Dsum = dsum.Pointer,
            Dx = new(dx),
            Width = width,
            Accumulate = accumulate,
        };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, examples, Chunks.Rows(width));
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public RowPointers<T> X, Y;
        public T* State;
        public int Width;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int row = start; row < end; row++)
            {
                T* state = State + (long)row * Width;
                RecurrentRow.Activate<V, T, HyperbolicTangentFunction<T>>(X.At(row), state, Width);
                new Span<T>(state, Width).CopyTo(new Span<T>(Y.At(row), Width));
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public RowPointers<T> Dy, Dx;
        public T* State, Dstate, Dsum;
        public int Width;
        public bool Accumulate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            V one = SimdMath.Constant<V, T>(1);
            for (int row = start; row < end; row++)
            {
                long first = (long)row * Width;
                T* state = State + first, dstate = Dstate + first, dsum = Dsum + first, dy = Dy.At(row), dx = Dx.At(row);
                for (int i = 0; i < Width; i += V.Count)
                {
                    int width = Math.Min(V.Count, Width - i);
                    V value = V.Load(state + i, width);
                    V gradient = (V.Load(dy + i, width) + V.Load(dstate + i, width)) * (one - value * value);
                    gradient.Store(dsum + i, width);
                    RecurrentRow.Add(gradient, dx, i, width, Accumulate);
                }
            }
        }
    }
}
