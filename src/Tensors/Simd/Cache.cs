using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>Hints to the processor's caches. Only the speed depends on them.</summary>
internal static unsafe class Cache
{
    /// <summary>The usual distance at which memory is fetched.</summary>
    public const int LineBytes = 64;

    /// <summary>Fetches memory into the second-level cache that will be needed some microseconds from now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch1(address);
    }
}
