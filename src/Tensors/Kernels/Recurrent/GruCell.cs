using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// One step of gated recurrent units (Cho et al. 2014), what their matrices give being there already. The gates lie side by side in the
/// order reset, update, candidate.
/// </summary>
public static class GruCell
{
    private const string Name = "Gru";
    private const int Gates = 3;

    /// <summary>
    /// r = sigmoid(xᵣ + uᵣ), z = sigmoid(x_z + u_z), n = tanh(xₙ + r · uₙ) and state = (1 − z) · n + z · stateBefore, where u is what the state
    /// before gives.
    /// </summary>
    /// <param name="x">What the input gives, [B, 1, 3H]; rows lie without gaps, but may lie apart.</param>
    /// <param name="gates">u, [B, 3H]; becomes r, z and n.</param>
    /// <param name="candidate">Gets uₙ, [B, H], for the backward pass; may be empty.</param>
    /// <param name="stateBefore">[B, H].</param>
    /// <param name="state">Gets the state, [B, H].</param>
    /// <param name="y">Gets it too, [B, 1, H], as x.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    public static unsafe void Forward<T>(
        in Tensor<T> x, in Tensor<T> gates, in Tensor<T> candidate, in Tensor<T> stateBefore, in Tensor<T> state, in Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int width) = (y.Shape[0], y.Shape[-1]);
        Check.Rows(Name, [examples, 1, Gates * width], x);
        Check.Dense(Name, [examples, Gates * width], gates);
        Check.Dense(Name, [examples, width], candidate, optional: true);
        Check.Dense(Name, [examples, width], stateBefore);
        Check.Dense(Name, [examples, width], state);
        Check.RowsToWrite(Name, [examples, 1, width], y);
        ForwardKernel<T> kernel = new()
        {
            X = new(x),
            Gates = gates.Pointer,
            Candidate = candidate.Pointer,
            StateBefore = stateBefore.Pointer,
            State = state.Pointer,
            Y = new(y),
            Width = width,
        };
        Workers.Run<T, ForwardKernel<T>>(ref kernel, examples, Chunks.Rows(Gates * width));
    }

    /// <summary>The gradients of what the functions were taken of, and the share of the state before that passes by the matrix.</summary>
    /// <param name="gates">r, z and n from the forward pass, [B, 3H]; become the gradient of u.</param>
    /// <param name="candidate">uₙ from the forward pass, [B, H].</param>
    /// <param name="stateBefore">[B, H].</param>
    /// <param name="dy">The gradient of y, [B, 1, H]; rows lie without gaps, but may lie apart.</param>
    /// <param name="dstate">The gradient that the step after this one gives, [B, H]; becomes z times the whole gradient of the state.</param>
    /// <param name="dx">Gets the gradient of x, [B, 1, 3H], as dy; or empty.</param>
    /// <param name="accumulate">Whether dx is added to.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="InvalidOperationException">A row has gaps, or another tensor is not contiguous.</exception>
    public static unsafe void Backward<T>(
        in Tensor<T> gates, in Tensor<T> candidate, in Tensor<T> stateBefore, in Tensor<T> dy, in Tensor<T> dstate, in Tensor<T> dx,
        bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int examples, int width) = (dy.Shape[0], dy.Shape[-1]);
        Check.Dense(Name, [examples, Gates * width], gates);
        Check.Dense(Name, [examples, width], candidate);
        Check.Dense(Name, [examples, width], stateBefore);
        Check.Rows(Name, [examples, 1, width], dy);
        Check.Dense(Name, [examples, width], dstate);
        Check.RowsToWrite(Name, [examples, 1, Gates * width], dx, optional: true);
        BackwardKernel<T> kernel = new()
        {
            Gates = gates.Pointer,
            Candidate = candidate.Pointer,
            StateBefore = stateBefore.Pointer,
            Dy = new(dy),
            Dstate = dstate.Pointer,
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
        public T* Gates, Candidate, StateBefore, State;
        public int Width;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int row = start; row < end; row++)
            {
                long first = (long)row * Width;
                T* reset = Gates + GruCell.Gates * first, update = reset + Width, fresh = update + Width;
                T* candidate = Candidate is null ? null : Candidate + first;
                RecurrentRow.Activate<V, T, SigmoidFunction<T>>(X.At(row), reset, 2 * Width);
                T* x = X.At(row) + 2 * Width, before = StateBefore + first, state = State + first, y = Y.At(row);
                for (int i = 0; i < Width; i += V.Count)
                {
                    int width = Math.Min(V.Count, Width - i);
                    V recurrent = V.Load(fresh + i, width);
                    V n = SimdMath.Tanh<V, T>(V.MultiplyAdd(V.Load(reset + i, width), recurrent, V.Load(x + i, width)));
                    V next = V.MultiplyAdd(V.Load(update + i, width), V.Load(before + i, width) - n, n);
                    n.Store(fresh + i, width);
                    next.Store(state + i, width);
                    next.Store(y + i, width);
                    if (candidate is not null)
                        recurrent.Store(candidate + i, width);
                }
            }
        }
    }

    private unsafe struct BackwardKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public RowPointers<T> Dy, Dx;
        public T* Gates, Candidate, StateBefore, Dstate;
        public int Width;
        public bool Accumulate;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            V one = SimdMath.Constant<V, T>(1);
            for (int row = start; row < end; row++)
            {
                long first = (long)row * Width;
                T* reset = Gates + GruCell.Gates * first, update = reset + Width, fresh = update + Width;
                T* dreset = Dx.At(row), dupdate = dreset is null ? null : dreset + Width, dfresh = dreset is null ? null : dupdate + Width;
                T* candidate = Candidate + first, before = StateBefore + first, dstate = Dstate + first, dy = Dy.At(row);
                for (int i = 0; i < Width; i += V.Count)
                {
                    int width = Math.Min(V.Count, Width - i);
                    V r = V.Load(reset + i, width), z = V.Load(update + i, width), n = V.Load(fresh + i, width);
                    V gradient = V.Load(dy + i, width) + V.Load(dstate + i, width);
                    V ofUpdate = gradient * (V.Load(before + i, width) - n) * z * (one - z);
                    V ofFresh = gradient * (one - z) * (one - n * n);
                    V ofReset = ofFresh * V.Load(candidate + i, width) * r * (one - r);
                    (gradient * z).Store(dstate + i, width);
                    ofReset.Store(reset + i, width);
                    ofUpdate.Store(update + i, width);
                    (ofFresh * r).Store(fresh + i, width);
                    RecurrentRow.Add(ofReset, dreset, i, width, Accumulate);
                    RecurrentRow.Add(ofUpdate, dupdate, i, width, Accumulate);
                    RecurrentRow.Add(ofFresh, dfresh, i, width, Accumulate);
                }
            }
        }
    }
}
