using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>tanh x. The derivative, 1 - y², reads y only.</summary>
public readonly struct HyperbolicTangentFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> =>
        SimdMath.Tanh<V, T>(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T> =>
        SimdMath.Constant<V, T>(1) - y * y;
}
