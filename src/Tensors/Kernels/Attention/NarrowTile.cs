using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// A tile of one vector of columns, half as wide as <see cref="Microkernel"/>'s: the causal mask ends in the middle of a tile as often as
/// not. Only where the registers allow so many rows that their sums keep the multiply-add units busy without a second vector.
/// </summary>
internal static unsafe class NarrowTile
{
    /// <summary>Whether a tile may be half as wide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSupported<T, V>()
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => Microkernel.HasManyRegisters<T, V>();

    /// <summary>The columns that are computed where so many are needed.</summary>
    public static int Columns<T, V>(int needed)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T> => AttentionTile.RoundUp(needed, IsSupported<T, V>() ? V.Count : Microkernel.Columns<T, V>());

    /// <summary>Computes one tile over <paramref name="depth"/> steps; the parameters are those of <see cref="Microkernel.Run{T, V}"/>.</summary>
    public static void Run<T, V>(int rows, int depth, in Operand<T> a, T* b, nint bStep, in Destination<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where V : unmanaged, ISimd<V, T>
    {
        Microkernel.Run<T, V, NarrowRow<T, V>>(rows, depth, a, b, bStep, to, new Ahead(b, 0));
    }
}
