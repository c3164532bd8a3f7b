using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace MiniGpt.Tensors.Simd;

/// <summary>Work over a range of independent items, written once for every vector width.</summary>
internal interface IRangeKernel<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Handles the items from <paramref name="start"/> up to but not including <paramref name="end"/>.</summary>
    void Run<V>(int start, int end)
        where V : unmanaged, ISimd<V, T>;
}

/// <summary>The one place that picks the vector width of this machine.</summary>
public static class VectorWidth
{
    /// <summary>The width in bits that kernels run at; 0 where there are no vectors.</summary>
    public static int Bits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 0;

    // IsHardwareAccelerated is a constant to the JIT, so that one branch is all that remains. Never inlined: there is a limit to what the
    // JIT inlines into one method, and a kernel that shares it with its callers has vector operations left as calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static void Run<T, TKernel>(ref TKernel kernel, int start, int end)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TKernel : struct, IRangeKernel<T>
    {
        if (Vector512.IsHardwareAccelerated)
            kernel.Run<Simd512<T>>(start, end);
        else if (Vector256.IsHardwareAccelerated)
            kernel.Run<Simd256<T>>(start, end);
        else if (Vector128.IsHardwareAccelerated)
            kernel.Run<Simd128<T>>(start, end);
        else
            kernel.Run<SimdScalar<T>>(start, end);
    }
}
