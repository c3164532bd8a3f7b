using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Updates of a few rows of a large table, which leave all others alone.</summary>
public static class SparseRows
{
    /// <summary>table[ids[i]] += factor · rows[i].</summary>
    /// <param name="table">[V, C].</param>
    /// <param name="ids">[R]: rows of the table, in ascending order, each once.</param>
    /// <param name="rows">[R, C].</param>
    /// <param name="factor">What the rows are multiplied by.</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">The ids do not ascend, or one is outside of the table.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void AddScaled<T>(Tensor<T> table, Tensor<int> ids, Tensor<T> rows, T factor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (table.Rank != 2 || ids.Rank != 1)
            throw new ShapeException("SparseRows", table.Shape, ids.Shape, "a table [V, C] goes with ids [R]");

        Check.Dense("SparseRows", table.Shape, table);
        Check.Dense("SparseRows", [ids.Shape[0], table.Shape[1]], rows);
        int before = -1;
        foreach (int id in ids.Span)
        {
            // Two threads must not write one row.
            if (id <= before || id >= table.Shape[0])
                throw new ArgumentException($"SparseRows: id {id} after {before} found, ascending ids inside of [0, {table.Shape[0]}) expected.");

            before = id;
        }

        var kernel = new AddKernel<T> { Table = table, Ids = ids, Added = rows, Factor = factor };
        Workers.Run<T, AddKernel<T>>(ref kernel, ids.Shape[0], Chunks.Rows(table.Shape[1]));
    }

    private unsafe struct AddKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Table, Added;
        public Tensor<int> Ids;
        public T Factor;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Table.Shape[1];
            V factor = V.Broadcast(Factor);
            for (int row = start; row < end; row++)
            {
                T* added = Added.Pointer + (long)row * columns, sum = Table.Pointer + (long)Ids.Pointer[row] * columns;
                for (int i = 0; i < columns; i += V.Count)
                {
                    int width = Math.Min(V.Count, columns - i);
                    V.MultiplyAdd(V.Load(added + i, width), factor, V.Load(sum + i, width)).Store(sum + i, width);
                }
            }
        }
    }
}
