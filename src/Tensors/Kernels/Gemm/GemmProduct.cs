using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A checked matrix product, or a batch of them; its items are the tasks of <see cref="GemmPartition"/>, matrix after matrix, and
/// down the rows first: the same columns of B serve the next task.
/// </summary>
internal readonly unsafe struct GemmProduct<T, TFunction> : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunction : struct, IActivation<T>
{
    // Few rows do not make up for packing; where B's own rows are short, its tiles are as good to read where they lie for any number, if each
    // step of a tile is two lines of memory: at one line, a tile would wait for more of them than it multiplies.
    private const int FewRows = 384;
    private const int FewRowsOfNarrowTiles = 128;
    private const int BytesOfShortRow = 2048;

    private readonly Tensor<T> _a;
    private readonly Tensor<T> _b;
    private readonly Tensor<T> _bias;
    private readonly Tensor<T> _c;
    private readonly Tensor<T> _activated;
    private readonly bool _accumulate;
    private readonly RowSums<T> _sums;
    private readonly bool _isTurned;
    private readonly GemmPartition _partition;
    private readonly T* _packedB;

    private readonly bool _readsInPlace;

    /// <summary>All operands have the outer axes of <paramref name="c"/>; <paramref name="bias"/> and <paramref name="activated"/> may be empty.</summary>
    /// <param name="a">[..., M, K].</param>
    /// <param name="b">[..., K, N].</param>
    /// <param name="bias">[N], or [M] where C is turned.</param>
    /// <param name="c">[..., M, N], columns side by side; or turned, [M, N] with its rows side by side and N whole tiles, not added to.</param>
    /// <param name="activated">f(C), [..., M, N], lying as C does; C becomes f'(C) then, unless they are one.</param>
    /// <param name="accumulate">Whether to add to C.</param>
    /// <param name="sums">Gets the sums of A's rows, which lie side by side then; or empty.</param>
    /// <param name="partition">How C is cut.</param>
    public GemmProduct(
        in Tensor<T> a, in Tensor<T> b, in Tensor<T> bias, in Tensor<T> c, in Tensor<T> activated, bool accumulate,
        RowSums<T> sums, GemmPartition partition)
    {
        _readsInPlace = b.Stride(-1) == 1 && GemmPartition.HasWholeTiles(b.Shape[-1])
            && (VectorWidth.Bits > 256
                ? c.Shape[-2] <= FewRows || (long)b.Stride(-2) * sizeof(T) <= BytesOfShortRow
                : c.Shape[-2] <= FewRowsOfNarrowTiles);

        // Only where several tasks read the same columns is it worth a pass of its own.
        _packedB = partition.RowTasks > 1 && !_readsInPlace ? GemmPacking<T>.PackAll(b) : null;
        _a = a;
        _b = b;
        _bias = bias;
        _c = c;
        _activated = activated;
        _accumulate = accumulate;
        _sums = sums;
        _isTurned = c.Shape[-1] > 1 && c.Stride(-1) != 1;
        _partition = partition;
        Items = checked((int)(c.Count / ((long)c.Shape[-2] * c.Shape[-1])) * _partition.Tasks);
    }

    public int Items { get; }

    private int Depth => _a.Shape[-1];

    /// <summary>
    /// Whether Cᵀ = Bᵀ·Aᵀ costs less: where few rows meet a B whose columns run along memory, such as weights, those are then read where
    /// they lie, and it is A, the smaller one, that is packed. Each element is the same sum in the same order.
    /// </summary>
    public static bool IsBetterTurned(in Tensor<T> b, in Tensor<T> c) =>
        c.Rank == 2 && b.Stride(-2) == 1 && b.Stride(-1) > 1
        && c.Shape[-2] <= FewRows && GemmPartition.HasWholeTiles(c.Shape[-2]) && c.Shape[-1] >= 2 * c.Shape[-2];

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        for (int item = start; item < end; item++)
        {
            int matrix = item / _partition.Tasks;
            int task = item % _partition.Tasks;
            int row = task % _partition.RowTasks * _partition.RowsOfTask;
            int column = task / _partition.RowTasks * _partition.ColumnsOfTask;
            int rows = Math.Min(_partition.RowsOfTask, _c.Shape[-2] - row);
            int columns = Math.Min(_partition.ColumnsOfTask, _c.Shape[-1] - column);

            Operand<T> a = Operand<T>.Matrix(_a, matrix).From(row, 0);
            Operand<T> b = Operand<T>.Matrix(_b, matrix).From(0, column);
            Operand<T> c = Operand<T>.Matrix(_c, matrix).From(row, column);
            Operand<T> activated = _activated.IsEmpty ? default : Operand<T>.Matrix(_activated, matrix).From(row, column);
            RowSums<T> sums = column == 0 ? _sums.From(row) : default;
            T* bias = _bias.IsEmpty ? null : _bias.RequireContiguous() + (_isTurned ? row : column);
            if (_isTurned)
            {
                T* block = Scratch.Get<T>(Scratch.Slot.Turned, (long)rows * columns);
                FillRows(block, columns, rows, bias);
                RunBlock<V>(a, b, matrix, column, rows, columns, new Destination<T>(block, columns, bias is not null, null), sums);
                RegisterTranspose.RunAny(block, columns, rows, columns, c.Pointer, c.ColumnStride);
                (c, activated, rows, columns) = (c.Transpose(), activated.Transpose(), columns, rows);
            }
            else if (_c.Shape[-2] == 1)
            {
                sums.Add<V>(a, rows, Depth);
                RowProduct.Run<T, V>(a, b, Depth, columns, new Destination<T>(c.Pointer, c.RowStride, _accumulate, bias));
            }
            else
                RunBlock<V>(a, b, matrix, column, rows, columns, new Destination<T>(c.Pointer, c.RowStride, _accumulate, bias), sums);

            if (!_activated.IsEmpty)
                Activate<V>(c.Pointer, c.RowStride, activated.Pointer, activated.RowStride, rows, columns);
        }
    }

    private void RunBlock<V>(Operand<T> a, Operand<T> b, int matrix, int column, int rows, int columns, Destination<T> to, RowSums<T> sums)
        where V : unmanaged, ISimd<V, T>
    {
        int k = 0;
        do
        {
            int depth = Math.Min(GemmPartition.Depth, Depth - k);
            sums.Add<V>(a, rows, k, depth);
            Operand<T> block = _readsInPlace
                ? b.From(k, 0)
                : new Operand<T>(
                    _packedB is null
                        ? PackBlock<V>(b.From(k, 0), columns, depth)
                        : GemmPacking<T>.Block(_packedB, _b.Shape, matrix, k, depth, column),
                    Microkernel.Columns<T, V>(), depth);
            GemmBlock.Run<T, V>(
                a.From(0, k), block, rows, columns, depth, k == 0 ? to : new Destination<T>(to.Pointer, to.RowStride, true, null));
            k += depth;
        }
        while (k < Depth);
    }

    private static T* PackBlock<V>(Operand<T> b, int columns, int depth)
        where V : unmanaged, ISimd<V, T>
    {
        int tileColumns = Microkernel.Columns<T, V>();
        T* packed = Scratch.Get<T>(Scratch.Slot.PackedB, (long)(columns + tileColumns - 1) / tileColumns * tileColumns * depth);
        Packing.Pack<T, V>(b.Transpose(), columns, depth, tileColumns, packed);
        return packed;
    }

    /// <summary>Each row full of its bias, to be added to.</summary>
    private static void FillRows(T* block, int columns, int rows, T* bias)
    {
        for (int row = 0; bias is not null && row < rows; row++)
            new Span<T>(block + (nint)row * columns, columns).Fill(bias[row]);
    }

    /// <summary>Applies the function to a block, and makes the block what its derivative is there.</summary>
    private static void Activate<V>(T* block, nint blockStride, T* y, nint yStride, int rows, int columns)
        where V : unmanaged, ISimd<V, T>
    {
        bool wantsSlope = block != y;
        for (int row = 0; row < rows; row++, block += blockStride, y += yStride)
        {
            for (int column = 0; column < columns; column += V.Count)
            {
                int width = Math.Min(V.Count, columns - column);
                V z = V.Load(block + column, width);
                if (wantsSlope)
                {
                    TFunction.ValueAndDerivative(z, out V slope).Store(y + column, width);
                    slope.Store(block + column, width);
                }
                else
                    TFunction.Value(z).Store(y + column, width);
            }
        }
    }
}
