using System.Numerics;
using MiniGpt.Tensors.Simd;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// All of B in panels, packed once by all threads before the tasks of a product begin, where they would otherwise each pack the same
/// columns again. Its items are the panels of <see cref="GemmPartition.Depth"/> steps.
/// </summary>
internal readonly unsafe struct GemmPacking<T> : IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>8 million floats: 32 MB, the L3 cache of a few cores.</summary>
    public const long MostElements = 8 << 20;

    // Whole panels at every vector width.
    private const int PanelColumns = 32;

    private readonly Tensor<T> _b;
    private readonly T* _packed;

    private GemmPacking(Tensor<T> b, T* packed)
    {
        _b = b;
        _packed = packed;
    }

    /// <summary>Columns of a matrix of so many rows that can be packed at once.</summary>
    public static int ColumnsOfPart(int rows) => (int)Math.Max(1, MostElements / rows / PanelColumns) * PanelColumns;

    /// <summary>Packs all matrices of <paramref name="b"/> [..., K, N] into this thread's scratch memory; null if that would be too much.</summary>
    public static T* PackAll(Tensor<T> b)
    {
        if (b.Count > MostElements)
            return null;

        int matrices = (int)(b.Count / Math.Max(1, (long)b.Shape[-2] * b.Shape[-1]));
        T* packed = Scratch.Get<T>(Scratch.Slot.PackedB, matrices * PackedSize(b.Shape));
        var kernel = new GemmPacking<T>(b, packed);
        int panels = Panels(b.Shape[-1]);
        Workers.Run<T, GemmPacking<T>>(ref kernel, matrices * panels, grain: Math.Max(1, 16384 / Math.Max(1, PanelColumns * b.Shape[-2])));
        return packed;
    }

    /// <summary>The panel that holds the steps from <paramref name="k"/> on of the columns from <paramref name="column"/> on.</summary>
    public static T* Block(T* packed, Shape b, int matrix, int k, int depth, int column) =>
        packed + matrix * PackedSize(b) + (long)k * Panels(b[-1]) * PanelColumns + (long)column * depth;

    public void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>
    {
        int columns = _b.Shape[-1], steps = _b.Shape[-2], panels = Panels(columns);
        for (int item = start; item < end; item++)
        {
            (int matrix, int panel) = Math.DivRem(item, panels);
            int column = panel * PanelColumns;
            for (int k = 0; k < steps; k += GemmPartition.Depth)
            {
                int depth = Math.Min(GemmPartition.Depth, steps - k);
                Packing.Pack<T, V>(
                    Operand<T>.Matrix(_b, matrix).From(k, column).Transpose(), Math.Min(PanelColumns, columns - column), depth,
                    Microkernel.Columns<T, V>(), Block(_packed, _b.Shape, matrix, k, depth, column));
            }
        }
    }

    private static int Panels(int columns) => (columns + PanelColumns - 1) / PanelColumns;

    private static long PackedSize(Shape b) => (long)Panels(b[-1]) * PanelColumns * b[-2];
}
