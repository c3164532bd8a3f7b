using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Rows of a table by their ids, and gradients back to them.</summary>
public static class Embedding
{
    // Columns that one thread adds up in Scatter: some cache lines, so that threads do not share one.
    private const int ColumnBlock = 128;

    /// <summary>Copies the table's row of each id: destination[..., :] = table[ids[...], :].</summary>
    /// <param name="table">[V, C].</param>
    /// <param name="ids">[...], each inside [0, V).</param>
    /// <param name="destination">[..., C].</param>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">An id is outside of the table.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Gather<T>(Tensor<T> table, Tensor<int> ids, Tensor<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOperands("Embedding.Gather", table, ids, destination);
        var kernel = new GatherKernel<T> { Table = table, Ids = ids, Destination = destination };
        Workers.Run<T, GatherKernel<T>>(ref kernel, (int)ids.Count, Chunks.Rows(table.Shape[1]));
    }

    /// <summary>Adds each gradient row to its id's row of dtable, which is set to 0 first unless it accumulates.</summary>
    /// <param name="dy">The gradient of the gathered rows, [..., C].</param>
    /// <param name="ids">[...], each inside [0, V).</param>
    /// <param name="dtable">[V, C].</param>
    /// <param name="accumulate">Whether dtable is added to or overwritten.</param>
    /// <remarks>Threads share out the columns: rows of one id are always added in the order of their positions, and nobody waits.</remarks>
    /// <exception cref="ShapeException">The shapes do not go together.</exception>
    /// <exception cref="ArgumentException">An id is outside of the table.</exception>
    /// <exception cref="InvalidOperationException">A tensor is not contiguous.</exception>
    public static void Scatter<T>(Tensor<T> dy, Tensor<int> ids, Tensor<T> dtable, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOperands("Embedding.Scatter", dtable, ids, dy);
        if (!accumulate)
            Elementwise.Fill(dtable, T.Zero);

        var kernel = new ScatterKernel<T> { Gradient = dy, Ids = ids, Table = dtable };
        int blocks = (dtable.Shape[1] + ColumnBlock - 1) / ColumnBlock;
        int perBlock = (int)Math.Min(int.MaxValue, ids.Count * ColumnBlock);
        Workers.Run<T, ScatterKernel<T>>(ref kernel, blocks, Chunks.Rows(perBlock));
    }

    private static unsafe void CheckOperands<T>(string kernel, Tensor<T> table, Tensor<int> ids, Tensor<T> rows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (table.Rank != 2)
            throw new ArgumentException($"{kernel}: the table must be [V, C], not {table.Shape}.");

        Check.Dense(kernel, table.Shape, table);
        Check.Dense(kernel, ids.Shape.Append(table.Shape[1]), rows);
        ReadOnlySpan<int> span = ids.Span;
        for (int i = 0; i < span.Length; i++)
        {
            if ((uint)span[i] >= (uint)table.Shape[0])
                throw new ArgumentException($"{kernel}: id {span[i]} at position {i} is outside of [0, {table.Shape[0]}).");
        }
    }

    private unsafe struct GatherKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Table, Destination;
        public Tensor<int> Ids;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Table.Shape[1];
            for (int row = start; row < end; row++)
            {
                new ReadOnlySpan<T>(Table.Pointer + (long)Ids.Pointer[row] * columns, columns)
                    .CopyTo(new Span<T>(Destination.Pointer + (long)row * columns, columns));
            }
        }
    }

    private unsafe struct ScatterKernel<T> : IRangeKernel<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        public Tensor<T> Gradient, Table;
        public Tensor<int> Ids;

        public void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int columns = Table.Shape[1];
            int first = start * ColumnBlock, after = Math.Min(columns, end * ColumnBlock);
            int count = (int)Ids.Count;
            for (int row = 0; row < count; row++)
            {
                T* gradient = Gradient.Pointer + (long)row * columns, sum = Table.Pointer + (long)Ids.Pointer[row] * columns;
                int i = first;
                for (; i <= after - V.Count; i += V.Count)
                    (V.Load(sum + i) + V.Load(gradient + i)).Store(sum + i);

                if (i < after)
                    (V.Load(sum + i, after - i) + V.Load(gradient + i, after - i)).Store(sum + i, after - i);
            }
        }
    }
}
