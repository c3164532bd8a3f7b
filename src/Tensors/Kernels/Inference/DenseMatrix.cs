using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>Weights as they are trained, read where they lie.</summary>
/// <param name="values">[Out, In], contiguous.</param>
/// <exception cref="ArgumentException">The tensor is no matrix.</exception>
/// <exception cref="InvalidOperationException">The tensor is not contiguous.</exception>
public sealed class DenseMatrix<T>(Tensor<T> values) : WeightMatrix<T>(values)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Tensor<T> _values = values;

    /// <inheritdoc/>
    public override unsafe long Bytes => _values.Count * sizeof(T);

    private protected override unsafe void Run(in Tensor<T> x, in Tensor<T> bias, in Tensor<T> y, bool accumulate)
    {
        var kernel = new Kernel
        {
            X = x.RequireContiguous(),
            W = _values.Pointer,
            Bias = bias.IsEmpty ? null : bias.RequireContiguous(),
            Y = y.RequireContiguous(),
            Depth = Inputs,
            Columns = Outputs,
            Accumulate = accumulate,
            Partition = new ProductPartition(x.Shape[0], Outputs, Inputs, DotTile.Columns),
        };
        Workers.Run<T, Kernel>(ref kernel, kernel.Partition.Tasks, grain: 1);
    }

    private protected override void Read(int row, Span<T> destination) =>
        _values.Span.Slice(row * Inputs, Inputs).CopyTo(destination);

    private unsafe struct Kernel : IRangeKernel<T>
    {
        public T* X, W, Bias, Y;
        public int Depth, Columns;
        public bool Accumulate;
        public ProductPartition Partition;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            for (int task = start; task < end; task++)
            {
                (int row, int rows, int column, int columns) = Partition.Task(task);
                T* y = Y + (long)row * Columns + column;
                Begin<V>(y, Columns, rows, columns, Bias is null ? null : Bias + column, Accumulate);
                for (int k = 0; k < Depth; k += ProductPartition.Depth)
                {
                    int depth = Math.Min(ProductPartition.Depth, Depth - k), i = 0;
                    T* x = X + (long)row * Depth + k;
                    T* w = W + (long)column * Depth + k;
                    for (; i <= columns - DotTile.Columns; i += DotTile.Columns)
                    {
                        DotTile.Run<T, V>(rows, x, Depth, w + (long)i * Depth, Depth, depth, y + i, Columns);
                    }

                    for (; i < columns; i++)
                    {
                        DotTile.RunColumn<T, V>(rows, x, Depth, w + (long)i * Depth, depth, y + i, Columns);
                    }
                }
            }
        }
    }
}
