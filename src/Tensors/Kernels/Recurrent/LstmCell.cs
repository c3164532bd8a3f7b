using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// One step of long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), what its matrices give
/// being there already. The gates lie side by side in the order input, forget, candidate, output.
/// </summary>
public static class LstmCell
{
    private const string Name = "Lstm";
    private const int Gates = 4;

    /// <summary>
    /// i, f, o = sigmoid(x + u), g = tanh(x + u), each of its part of x and of u, which is what the state before gives;
    /// cell = f · cellBefore + i · g and state = o · tanh(cell).
    /// </summary>
    /// <param name="x">What the input gives, [B, 1, 4H]; rows lie without gaps, but may lie apart.</param>
    /// <param name="gates">u, [B, 4H]; becomes i, f, g and o.</param>
    /// <param name="cellBefore">[B, H].</param>
    /// <param name="cell">Gets the cell, [B, H].</param>
    /// <param name="state">Gets the state, [B, H].</param>
    /// <param name="y">Gets the state too, [B, 1, H], as x.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    public static unsafe void Forward<T>(
        in Tensor<T> x, in Tensor<T> gates, in Tensor<T> cellBefore, in Tensor<T> cell, in Tensor<T> state, in Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int width) = (y.Shape[0], y.Shape[-1]);
        Check.Rows(Name, [examples, 1, Gates * width], x);
        Check.Dense(Name, [examples, Gates * width], gates);
        Check.Dense(Name, [examples, width], cellBefore);
        Check.Dense(Name, [examples, width], cell);
        Check.Dense(Name, [examples, width], state);
        Check.RowsToWrite(Name, [examples, 1, width], y);
        ForwardKernel<T> kernel = new()
        {
            X = new(x),
            Gates = gates.Pointer,
            CellBefore = cellBefore.Pointer,
            Cell = cell.Pointer,
            State = state.Pointer,
            Y = new(y),
            Width = width,
        };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, examples, Chunks.Rows(Gates * width));
    }

    /// <summary>The gradients of what the functions were taken of, and of the cell before.</summary>
    /// <param name="gates">i, f, g and o from the forward pass, [B, 4H]; become the gradient of u, which is that of x too.</param>
    /// <param name="cellBefore">[B, H].</param>
    /// <param name="cell">From the forward pass, [B, H].</param>
    /// <param name="dy">The gradient of y, [B, 1, H]; rows lie without gaps, but may lie apart.</param>
    /// <param name="dstate">The gradient of the state that the step after this one gives, [B, H].</param>
    /// <param name="dcell">The gradient of the cell that the step after this one gives, [B, H]; becomes that of the cell before.</param>
    /// <param name="dx">Gets the gradient of x, [B, 1, 4H], as dy; or empty.</param>
    /// <param name="accumulate">Whether dx is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    public static unsafe void Backward<T>(
        in Tensor<T> gates, in Tensor<T> cellBefore, in Tensor<T> cell, in Tensor<T> dy, in Tensor<T> dstate, in Tensor<T> dcell,
        in Tensor<T> dx, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int width) = (dy.Shape[0], dy.Shape[-1]);
        Check.Dense(Name, [examples, Gates * width], gates);
        Check.Dense(Name, [examples, width], cellBefore);
        Check.Dense(Name, [examples, width], cell);
        Check.Rows(Name, [examples, 1, width], dy);
        Check.Dense(Name, [examples, width], dstate);
        Check.Dense(Name, [examples, width], dcell);
        Check.RowsToWrite(Name, [examples, 1, Gates * width], dx, optional: true);
        BackwardKernel<T> kernel = new()
        {
            Gates = gates.Pointer,
            CellBefore = cellBefore.Pointer,
            Cell = cell.Pointer,
            Dy = new(dy),
            Dstate = dstate.Pointer,
            Dcell = dcell.Pointer,
            Dx = new(dx),
            Width = width,
            Accumulate = accumulate,
        };
        Workers.Run<T, BackwardKernel<T>>(ref kernel, examples, Chunks.Rows(Gates * width));
    }

    private unsafe struct ForwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public RowPointers<T> X, Y;
        public T* Gates, CellBefore, Cell, State;
        public int Width;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int row = start; row < end; row++)
            {
                long first = (long)row * Width;
                T* input = Gates + LstmCell.Gates * first, forget = input + Width, fresh = forget + Width, output = fresh + Width;
                T* x = X.At(row), before = CellBefore + first, cell = Cell + first, state = State + first, y = Y.At(row);
                RecurrentRow.Activate<V, T, SigmoidFunction<T>>(x, input, 2 * Width);
                RecurrentRow.Activate<V, T, HyperbolicTangentFunction<T>>(x + 2 * Width, fresh, Width);
                RecurrentRow.Activate<V, T, SigmoidFunction<T>>(x + 3 * Width, output, Width);
                for (int i = 0; i < Width; i += V.Count)
                {
                    int width = Math.Min(V.Count, Width - i);
                    V kept = V.Load(forget + i, width) * V.Load(before + i, width);
                    V next = V.MultiplyAdd(V.Load(input + i, width), V.Load(fresh + i, width), kept);
                    V seen = V.Load(output + i, width) * SimdMath.Tanh<V, T>(next);
                    next.Store(cell + i, width);
                    seen.Store(state + i, width);
                    seen.Store(y + i, width);
                }
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public RowPointers<T> Dy, Dx;
        public T* Gates, CellBefore, Cell, Dstate, Dcell;
        public int Width;
        public bool Accumulate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            V one = SimdMath.Constant<V, T>(1);
            for (int row = start; row < end; row++)
            {
                long first = (long)row * Width;
                T* input = Gates + LstmCell.Gates * first, forget = input + Width, fresh = forget + Width, output = fresh + Width;
                T* before = CellBefore + first, cell = Cell + first, dstate = Dstate + first, dcell = Dcell + first, dy = Dy.At(row);
                for (int i = 0; i < Width; i += V.Count)
                {
                    int width = Math.Min(V.Count, Width - i);
                    V opened = V.Load(input + i, width), kept = V.Load(forget + i, width);
                    V g = V.Load(fresh + i, width), o = V.Load(output + i, width);
                    V seen = SimdMath.Tanh<V, T>(V.Load(cell + i, width));
                    V gradient = V.Load(dy + i, width) + V.Load(dstate + i, width);
                    V ofCell = V.MultiplyAdd(gradient * o, one - seen * seen, V.Load(dcell + i, width));
                    (ofCell * kept).Store(dcell + i, width);
                    (ofCell * g * opened * (one - opened)).Store(input + i, width);
                    (ofCell * V.Load(before + i, width) * kept * (one - kept)).Store(forget + i, width);
                    (ofCell * opened * (one - g * g)).Store(fresh + i, width);
                    (gradient * seen * o * (one - o)).Store(output + i, width);
                }

                T* dx = Dx.At(row);
                for (int i = 0; dx is not null && i < LstmCell.Gates * Width; i += V.Count)
                {
                    int width = Math.Min(V.Count, LstmCell.Gates * Width - i);
                    RecurrentRow.Add(V.Load(input + i, width), dx, i, width, Accumulate);
                }
            }
        }
    }
}
