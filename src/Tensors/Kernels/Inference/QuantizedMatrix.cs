using MiniGpt.Tensors.Memory;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Storage;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// Weights in Q8_0, laid out to be multiplied (see <see cref="QuantizedPanel"/>). A copy: what becomes of the original afterwards does not
/// matter. The rows that are multiplied with them are brought to 8 bits too, in the same blocks of 32, so that the products are whole
/// numbers; each block's sum is scaled once.
/// </summary>
public sealed class QuantizedMatrix : WeightMatrix<float>
{
    // From so many rows on, two at a time make up for what that needs to know of the weights.
    private const int ManyRows = 8;

    private readonly WeightMemory _panels;

    /// <summary>Copies weights into panels.</summary>
    /// <exception cref="ObjectDisposedException">Their memory, or the file that they lie in, is given up.</exception>
    public unsafe QuantizedMatrix(Q8Matrix values)
        : base(values.Rows, values.Columns)
    {
        int panels = (Outputs + QuantizedPanel.Columns - 1) / QuantizedPanel.Columns;
        _panels = new WeightMemory(checked(panels * PanelBytes));
        var kernel = new PackingKernel { Source = values.Pointer, Panels = _panels.Pointer, Rows = Outputs, Blocks = Blocks };
        Workers.Run<float, PackingKernel>(ref kernel, panels, Chunks.Rows(QuantizedPanel.Columns * Inputs));
        GC.KeepAlive(values);
    }

    /// <inheritdoc/>
    public override long Bytes => (long)Outputs * Blocks * QuantizedPanel.BytesOfBlock;

    private int Blocks => Inputs / Q8Block.Size;

    private long PanelBytes => (long)Blocks * QuantizedPanel.BlockBytes;

    private protected override unsafe void Run(in Tensor<float> x, in Tensor<float> bias, in Tensor<float> y, int rows, bool accumulate)
    {
        RoundedBlock* rounded = Scratch.Get<RoundedBlock>(Scratch.Slot.RoundedRows, (long)rows * Blocks);
        var rounding = new RoundingKernel { X = x.RequireContiguous(), Rounded = rounded, Blocks = Blocks };
        Workers.Run<float, RoundingKernel>(ref rounding, rows, Chunks.Rows(Inputs));
        var kernel = new ProductKernel
        {
            X = rounded,
            Panels = _panels.Pointer,
            PanelBytes = PanelBytes,
            Bias = bias.IsEmpty ? null : bias.RequireContiguous(),
            Y = y.RequireContiguous(),
            Blocks = Blocks,
            Columns = Outputs,
            Accumulate = accumulate,
            Partition = new ProductPartition(rows, Outputs, Inputs, QuantizedPanel.Columns),
        };
        Workers.Run<float, ProductKernel>(ref kernel, kernel.Partition.Tasks, grain: 1);
    }

    private protected override unsafe void Read(int row, Span<float> destination)
    {
        (int panel, int rowOfPanel) = Math.DivRem(row, QuantizedPanel.Columns);
        QuantizedPanel.Read(_panels.Pointer + panel * PanelBytes, rowOfPanel, destination);
    }

    private unsafe struct PackingKernel : IRangeKernel<float>
    {
        public byte* Source, Panels;
        public int Rows, Blocks;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            for (int panel = start; panel < end; panel++)
            {
                int row = panel * QuantizedPanel.Columns;
                QuantizedPanel.Pack(
                    Source + (long)row * Blocks * Q8Block.Bytes,
                    Math.Min(QuantizedPanel.Columns, Rows - row),
                    Blocks,
                    Panels + (long)panel * Blocks * QuantizedPanel.BlockBytes);
            }
        }
    }

    private unsafe struct RoundingKernel : IRangeKernel<float>
    {
        public float* X;
        public RoundedBlock* Rounded;
        public int Blocks;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            for (long block = (long)start * Blocks; block < (long)end * Blocks; block++)
                RoundedBlock.Round(X + block * Q8Block.Size, Rounded + block);
        }
    }

    private unsafe struct ProductKernel : IRangeKernel<float>
    {
        public RoundedBlock* X;
        public byte* Panels;
        public long PanelBytes;
        public float* Bias, Y;
        public int Blocks, Columns;
        public bool Accumulate;
        public ProductPartition Partition;

        public readonly void Run<V>(int start, int end)
            where V : unmanaged, ISimd<V, float>
        {
            for (int task = start; task < end; task++)
            {
                (int row, int rows, int column, int columns) = Partition.Task(task);
                RoundedBlock* x = X + (long)row * Blocks;
                byte* panel = Panels + column / QuantizedPanel.Columns * PanelBytes;
                float* y = Y + (long)row * Columns + column;
                for (int i = 0; i < columns; i += QuantizedPanel.Columns, panel += PanelBytes)
                {
                    float* bias = Bias is null ? null : Bias + column + i;
                    if (columns - i >= QuantizedPanel.Columns)
                        Products(rows, x, panel, bias, y + i, Columns, Accumulate);
                    else
                    {
                        float* tile = Scratch.Get<float>(Scratch.Slot.Tile, (long)rows * QuantizedPanel.Columns);
                        Products(rows, x, panel, null, tile, QuantizedPanel.Columns, accumulate: false);
                        End(tile, QuantizedPanel.Columns, y + i, Columns, rows, columns - i, bias, Accumulate);
                    }
                }
            }
        }

        private readonly void Products(int rows, RoundedBlock* x, byte* panel, float* bias, float* y, nint stride, bool accumulate)
        {
            int row = 0;
            if (rows >= ManyRows && QuantizedPanel.TakesTwo)
            {
                int* starts = Scratch.Get<int>(Scratch.Slot.WidePanel, (long)Blocks * QuantizedPanel.Columns);
                QuantizedPanel.Starts(panel, Blocks, starts);
                for (; row < rows - 1; row += 2, x += 2 * Blocks, y += 2 * stride)
                    QuantizedPanel.MultiplyTwo(x, panel, starts, Blocks, bias, y, stride, accumulate);
            }

            for (; row < rows; row++, x += Blocks, y += stride)
                QuantizedPanel.Multiply(x, panel, Blocks, bias, y, accumulate);
        }
    }
}
