using System.Numerics;
using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Weights laid out to be multiplied: panels of a few dozen rows of W, whose elements of each step lie side by side (see
/// <see cref="PanelTile"/>). A copy: what becomes of the original afterwards does not matter.
/// </summary>
public sealed class PanelMatrix<T> : WeightMatrix<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly AlignedMemory _panels;

    /// <summary>Copies weights into panels.</summary>
    /// <param name="values">[Out, In], contiguous.</param>
    /// <exception cref="ArgumentException">The tensor is no matrix.</exception>
    /// <exception cref="InvalidOperationException">The tensor is not contiguous.</exception>
    public unsafe PanelMatrix(Tensor<T> values)
        : base(values)
    {
        int panels = (Outputs + PanelTile.Columns<T>() - 1) / PanelTile.Columns<T>();
        _panels = new AlignedMemory(checked((long)panels * PanelTile.Columns<T>() * Inputs * sizeof(T)));
        var kernel = new PackingKernel
        {
            Source = new Operand<T>(values.Pointer, Inputs, 1),
            Panels = (T*)_panels.Pointer,
            Rows = Outputs,
            Depth = Inputs,
        };
        Workers.Run<T, PackingKernel>(ref kernel, panels, Chunks.Rows(PanelTile.Columns<T>() * Inputs));
    }

    /// <inheritdoc/>
    public override unsafe long Bytes => (long)Outputs * Inputs * sizeof(T);

    private protected override unsafe void Run(in Tensor<T> x, in Tensor<T> bias, in Tensor<T> y, int rows, bool accumulate)
    {
        var kernel = new ProductKernel
        {
            X = x.RequireContiguous(),
            Panels = (T*)_panels.Pointer,
            Bias = bias.IsEmpty ? null : bias.RequireContiguous(),
            Y = y.RequireContiguous(),
            Depth = Inputs,
            Columns = Outputs,
            Accumulate = accumulate,
            Partition = new ProductPartition(rows, Outputs, Inputs, PanelTile.Columns<T>()),
        };
        Workers.Run<T, ProductKernel>(ref kernel, kernel.Partition.Tasks, grain: 1);
    }

    private protected override unsafe void Read(int row, Span<T> destination)
    {
        (int panel, int lane) = Math.DivRem(row, PanelTile.Columns<T>());
        T* element = (T*)_panels.Pointer + (long)panel * PanelTile.Columns<T>() * Inputs + lane;
        for (int k = 0; k < destination.Length; k++, element += PanelTile.Columns<T>())
            destination[k] = *element;
    }

    private unsafe struct PackingKernel : IRangeKernel<T>
    {
        public Operand<T> Source;
        public T* Panels;
        public int Rows, Depth;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, T>
        {
            int first = start * PanelTile.Columns<T>(), rows = Math.Min(end * PanelTile.Columns<T>(), Rows) - first;
            Packing.Pack<T, V>(Source.From(first, 0), rows, Depth, PanelTile.Columns<T>(), Panels + (long)first * Depth);
        }
    }

    private unsafe struct ProductKernel : IRangeKernel<T>
    {
        public T* X, Panels, Bias, Y;
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
                for (int k = 0; k < Depth; k += ProductPartition.Depth)
                {
                    int depth = Math.Min(ProductPartition.Depth, Depth - k);
                    T* x = X + (long)row * Depth + k;
                    T* panel = Panels + (long)column * Depth + (long)k * PanelTile.Columns<T>();
                    for (int i = 0; i < columns; i += PanelTile.Columns<T>(), panel += (long)PanelTile.Columns<T>() * Depth)
                    {
                        T* bias = k > 0 || Bias is null ? null : Bias + column + i;
                        bool accumulate = k > 0 || Accumulate;
                        if (columns - i >= PanelTile.Columns<T>())
                            PanelTile.Run<T, V>(rows, x, Depth, panel, depth, bias, y + i, Columns, accumulate);
                        else
                            LastPanel<V>(rows, x, panel, depth, bias, y + i, columns - i, accumulate);
                    }
                }
            }
        }

        /// <summary>A panel that is not full: its products go by way of a buffer that is as wide as it.</summary>
        private readonly void LastPanel<V>(int rows, T* x, T* panel, int depth, T* bias, T* y, int columns, bool accumulate)
            where V : unmanaged, ISimd<V, T>
        {
            int width = PanelTile.Columns<T>();
            T* tile = Scratch.Get<T>(Scratch.Slot.Tile, (long)rows * width);
            PanelTile.Run<T, V>(rows, x, Depth, panel, depth, null, tile, width, accumulate: false);
            End(tile, width, y, Columns, rows, columns, bias, accumulate);
        }
    }
}
