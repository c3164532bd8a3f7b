using System.Numerics;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>A checked matrix product, or a batch of them; its items are the tasks of <see cref="GemmPartition"/>, matrix after matrix.</summary>
internal readonly unsafe struct GemmProduct<T, TFunction> : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TFunction : struct, IUnaryFunction<T>
{
    private readonly Tensor<T> _a;
    private readonly Tensor<T> _b;
    private readonly Tensor<T> _bias;
    private readonly Tensor<T> _c;
    private readonly Tensor<T> _activated;
    private readonly bool _accumulate;
    private readonly GemmPartition _partition;

    /// <summary>All operands have the outer axes of <paramref name="c"/>; <paramref name="bias"/> and <paramref name="activated"/> may be empty.</summary>
    public GemmProduct(Tensor<T> a, Tensor<T> b, Tensor<T> bias, Tensor<T> c, Tensor<T> activated, bool accumulate)
    {
        _a = a;
        _b = b;
        _bias = bias;
        _c = c;
        _activated = activated;
        _accumulate = accumulate;
        _partition = new GemmPartition(c.Shape[-2], c.Shape[-1], a.Shape[-1]);
        Items = checked((int)(c.Count / ((long)c.Shape[-2] * c.Shape[-1])) * _partition.Tasks);
    }

    public int Items { get; }

    private int Depth => _a.Shape[-1];

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        for (int item = start; item < end; item++)
        {
            int matrix = item / _partition.Tasks;
            int task = item % _partition.Tasks;
            int row = task / _partition.ColumnTasks * _partition.RowsOfTask;
            int column = task % _partition.ColumnTasks * _partition.ColumnsOfTask;
            int rows = Math.Min(_partition.RowsOfTask, _c.Shape[-2] - row);
            int columns = Math.Min(_partition.ColumnsOfTask, _c.Shape[-1] - column);

            Operand<T> a = Matrix(_a, matrix).From(row, 0);
            Operand<T> b = Matrix(_b, matrix).From(0, column);
            Operand<T> c = Matrix(_c, matrix).From(row, column);
            T* bias = _bias.IsEmpty ? null : _bias.RequireContiguous() + column;
            if (rows == 1)
            {
                RowProduct.Run<T, V>(a, b, Depth, columns, new Destination<T>(c.Pointer, c.RowStride, _accumulate, bias));
            }
            else
            {
                RunBlock<V>(a, b, rows, columns, new Destination<T>(c.Pointer, c.RowStride, _accumulate, bias));
            }

            if (!_activated.IsEmpty)
            {
                Activate<V>(c, Matrix(_activated, matrix).From(row, column), rows, columns);
            }
        }
    }

    private void RunBlock<V>(Operand<T> a, Operand<T> b, int rows, int columns, Destination<T> to)
        where V : unmanaged, ISimd<V, T>
    {
        int tileColumns = Microkernel.Columns<T, V>();
        int packedColumns = (columns + tileColumns - 1) / tileColumns * tileColumns;
        T* packedB = Scratch.Get<T>(Scratch.Slot.PackedB, (long)packedColumns * Math.Min(Depth, GemmPartition.Depth));
        int k = 0;
        do
        {
            int depth = Math.Min(GemmPartition.Depth, Depth - k);
            Operand<T> columnsOfB = b.From(k, 0);
            Packing.Pack<T, V>(
                new Operand<T>(columnsOfB.Pointer, columnsOfB.ColumnStride, columnsOfB.RowStride), columns, depth, tileColumns, packedB);
            GemmBlock.Run<T, V>(
                a.From(0, k), packedB, depth, rows, columns, depth,
                k == 0 ? to : new Destination<T>(to.Pointer, to.RowStride, true, null));
            k += depth;
        }
        while (k < Depth);
    }

    private static void Activate<V>(Operand<T> from, Operand<T> to, int rows, int columns)
        where V : unmanaged, ISimd<V, T>
    {
        for (int row = 0; row < rows; row++)
        {
            T* x = from.From(row, 0).Pointer;
            T* y = to.From(row, 0).Pointer;
            int column = 0;
            for (; column <= columns - V.Count; column += V.Count)
            {
                TFunction.Value(V.Load(x + column)).Store(y + column);
            }

            if (column < columns)
            {
                TFunction.Value(V.Load(x + column, columns - column)).Store(y + column, columns - column);
            }
        }
    }

    /// <summary>One matrix of a batch.</summary>
    private static Operand<T> Matrix(in Tensor<T> batch, int index)
    {
        long offset = 0;
        for (int axis = batch.Rank - 3; axis >= 0; axis--)
        {
            (index, int position) = Math.DivRem(index, batch.Shape[axis]);
            offset += (long)position * batch.Stride(axis);
        }

        return new Operand<T>(batch.Pointer + offset, batch.Stride(-2), batch.Stride(-1));
    }
}
