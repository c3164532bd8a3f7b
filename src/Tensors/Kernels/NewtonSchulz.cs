using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>One step of <see cref="NewtonSchulz"/>: each singular value s becomes linear · s + cubic · s³ + quintic · s⁵.</summary>
/// <param name="Linear">The factor of s: how fast small singular values grow.</param>
/// <param name="Cubic">The factor of s³.</param>
/// <param name="Quintic">The factor of s⁵.</param>
public readonly record struct OddQuintic(double Linear, double Cubic, double Quintic);

/// <summary>
/// The Newton–Schulz iteration, which brings all singular values of a matrix near 1 and leaves its singular vectors alone: matrix products
/// instead of a singular value decomposition (Jordan et al. 2024, after Björck and Bowie 1971).
/// </summary>
/// <remarks>
/// With X of unit norm, a step is X · (a I + b G + c G²), G = XᵀX. A wide matrix is turned first, so that G is of the smaller side, and
/// so that all factors lie as the matrix product reads them without packing. G, G² and the polynomial are symmetric: what lies above
/// the diagonal's blocks is copied, not computed.
/// </remarks>
public static class NewtonSchulz
{
    // Rows and columns that are completed together: whole tiles at every vector width.
    private const int Block = 32;

    // Keeps a matrix of zeros finite, as in Jordan's program.
    private const double Epsilon = 1e-7;

    /// <summary>y = p(x / (‖x‖ + 1e-7)), where ‖x‖ is the Frobenius norm and p the steps one after the other.</summary>
    /// <param name="x">[R, C], contiguous.</param>
    /// <param name="steps">The steps, the first one first.</param>
    /// <param name="y">[R, C], contiguous; may be x.</param>
    /// <exception cref="ShapeException">The shapes differ or are no matrices.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Orthogonalize<T>(Tensor<T> x, ReadOnlySpan<OddQuintic> steps, Tensor<T> y)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Check.Dense("NewtonSchulz", x.Shape, x);
        Check.Dense("NewtonSchulz", x.Shape, y);
        if (x.Rank != 2)
            throw new ShapeException("NewtonSchulz", x.Shape, y.Shape, "they must be matrices");

        if (x.Count == 0)
            return;

        bool wide = x.Shape[0] < x.Shape[1];
        int rows = Math.Max(x.Shape[0], x.Shape[1]), columns = Math.Min(x.Shape[0], x.Shape[1]);
        Tensor<T> iterate = Scratch.GetTensor<T>(Scratch.Slot.IterateOne, [rows, columns]);
        Tensor<T> next = Scratch.GetTensor<T>(Scratch.Slot.IterateTwo, [rows, columns]);
        Tensor<T> gram = Scratch.GetTensor<T>(Scratch.Slot.Gram, [columns, columns]);
        Tensor<T> polynomial = Scratch.GetTensor<T>(Scratch.Slot.GramPolynomial, [columns, columns]);
        T factor = T.CreateTruncating(1 / (Math.Sqrt(Reductions.SumOfSquares(x)) + Epsilon));
        if (wide)
            Turn(x, iterate);

        Elementwise.Scale(wide ? iterate : x, factor, iterate);
        foreach (OddQuintic step in steps)
        {
            LowerProduct(iterate.Transpose(0, 1), iterate, gram);
            Complete(gram);
            LowerProduct(gram, gram, polynomial);
            CompletePolynomial(polynomial, gram, step);
            Gemm.Multiply(iterate, polynomial, next);
            (iterate, next) = (next, iterate);
        }

        if (wide)
            Turn(iterate, y);
        else
            Elementwise.Copy(iterate, y);
    }

    /// <summary>A symmetric product, on and below its diagonal, in blocks of columns; some of what lies above is written too.</summary>
    private static void LowerProduct<T>(in Tensor<T> a, in Tensor<T> b, in Tensor<T> c)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Whole tiles, and few enough blocks that each has something to share among threads.
        int size = c.Shape[0], width = Math.Max(Block, size / 8 / Block * Block);
        for (int start = 0; start < size; start += width)
        {
            int columns = Math.Min(width, size - start), rows = size - start;
            Gemm.Multiply(a.Slice(0, start, rows), b.Slice(1, start, columns), c.Slice(0, start, rows).Slice(1, start, columns));
        }
    }

    /// <summary>Copies what lies below the diagonal to above it.</summary>
    private static unsafe void Complete<T>(in Tensor<T> symmetric)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var kernel = new CompleteKernel<T> { Symmetric = symmetric.Pointer, Size = symmetric.Shape[0] };
        kernel.Run();
    }

    /// <summary>linear · I + cubic · gram + quintic · square over the square, which is given on and below its diagonal.</summary>
    private static unsafe void CompletePolynomial<T>(in Tensor<T> square, in Tensor<T> gram, OddQuintic step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var kernel = new CompleteKernel<T>
        {
            Symmetric = square.Pointer,
            Gram = gram.Pointer,
            Size = gram.Shape[0],
            Linear = T.CreateTruncating(step.Linear),
            Cubic = T.CreateTruncating(step.Cubic),
            Quintic = T.CreateTruncating(step.Quintic),
        };
        kernel.Run();
    }

    private static unsafe void Turn<T>(in Tensor<T> from, in Tensor<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var kernel = new TurnKernel<T> { From = from.Pointer, Rows = from.Shape[0], Columns = from.Shape[1], To = to.Pointer };
        Workers.Run<T, TurnKernel<T>>(ref kernel, (kernel.Rows + Block - 1) / Block, Chunks.Rows(Block * kernel.Columns));
    }

    /// <summary>Its items are rows of blocks.</summary>
    private unsafe struct CompleteKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public T* Symmetric, Gram; // Gram is null where there is no polynomial
        public int Size;
        public T Linear, Cubic, Quintic;

        public void Run() => Workers.Run<T, CompleteKernel<T>>(ref this, (Size + Block - 1) / Block, Chunks.Rows(Block * Size));

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int first = start * Block; first < Math.Min(Size, end * Block); first += Block)
            {
                int rows = Math.Min(Block, Size - first);
                for (int row = first; row < first + rows && Gram is not null; row++)
                    Polynomial<V>(row, first + rows);

                for (int column = 0; column < first; column += Block)
                {
                    RegisterTranspose.RunAny(
                        Symmetric + (long)first * Size + column, Size, rows, Block, Symmetric + (long)column * Size + first, Size);
                }
            }
        }

        private readonly void Polynomial<V>(int row, int columns)
            where V : unmanaged, ISimd<V, T>
        {
            V cubic = V.Broadcast(Cubic), quintic = V.Broadcast(Quintic);
            T* square = Symmetric + (long)row * Size, gram = Gram + (long)row * Size;
            for (int i = 0; i < columns; i += V.Count)
            {
                int width = Math.Min(V.Count, columns - i);
                V.MultiplyAdd(quintic, V.Load(square + i, width), cubic * V.Load(gram + i, width)).Store(square + i, width);
            }

            square[row] += Linear;
        }
    }

    /// <summary>Its items are rows of blocks.</summary>
    private unsafe struct TurnKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public T* From, To;
        public int Rows, Columns;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int first = start * Block, rows = Math.Min(Rows, end * Block) - first;
            RegisterTranspose.RunAny(From + (long)first * Columns, Columns, rows, Columns, To + first, Rows);
        }
    }
}
