using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>What the cells of recurrent networks do with a part of a row.</summary>
internal static unsafe class RecurrentRow
{
    /// <summary>gates = f(x + gates). Never inlined: two functions in one loop are more than the JIT inlines.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Activate<V, T, TFunction>(T* x, T* gates, int count)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        for (int i = 0; i < count; i += V.Count)
        {
            int width = Math.Min(V.Count, count - i);
            TFunction.Value(V.Load(x + i, width) + V.Load(gates + i, width)).Store(gates + i, width);
        }
    }

    /// <summary>Writes a gradient, or adds it to what is there; does nothing where nobody wants it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<V, T>(V gradient, T* target, int index, int width, bool accumulate)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (target is not null)
            (accumulate ? V.Load(target + index, width) + gradient : gradient).Store(target + index, width);
    }
}
