using System.Numerics;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>How a tile's rows of A lie in memory: what of it is known when the loop is compiled becomes part of its addresses.</summary>
internal interface IPanelLayout
{
    /// <summary>From one row to the next, where the operand says <paramref name="stride"/>.</summary>
    static abstract nint RowStride(nint stride);

    /// <summary>From one step to the next, where the operand says <paramref name="stride"/>.</summary>
    static abstract nint StepStride(nint stride);
}

/// <summary>A packed panel: the rows of a step side by side, step after step.</summary>
internal readonly struct PackedPanel<T, V, TTile> : IPanelLayout
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where V : unmanaged, ISimd<V, T>
    where TTile : struct, ITileRows<T, V>
{
    public static nint RowStride(nint stride) => 1;

    public static nint StepStride(nint stride) => TTile.Rows;
}

/// <summary>Rows that run along memory.</summary>
internal readonly struct RowsInMemory : IPanelLayout
{
    public static nint RowStride(nint stride) => stride;

    public static nint StepStride(nint stride) => 1;
}

/// <summary>Any strides.</summary>
internal readonly struct AnyPanel : IPanelLayout
{
    public static nint RowStride(nint stride) => stride;

    public static nint StepStride(nint stride) => stride;
}
