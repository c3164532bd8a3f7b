using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>1 / (1 + e^-x). The derivative, y (1 - y), reads y only.</summary>
public readonly struct SigmoidFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> =>
        SimdMath.Sigmoid<V, T>(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T> =>
        y * (SimdMath.Constant<V, T>(1) - y);
}
