using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels.Functions;

/// <summary>1 / (1 + e^-x). The derivative, y (1 - y), reads y only.</summary>
public readonly struct SigmoidFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> =>
        SimdMath.Sigmoid<TVector, T>(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Derivative<TVector>(TVector x, TVector y)
        where TVector : unmanaged, ISimd<TVector, T> =>
        y * (SimdMath.Constant<TVector, T>(1) - y);
}
