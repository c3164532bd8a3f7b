using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels.Functions;

/// <summary>tanh x. The derivative, 1 - y², reads y only.</summary>
public readonly struct HyperbolicTangentFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> =>
        SimdMath.Tanh<TVector, T>(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Derivative<TVector>(TVector x, TVector y)
        where TVector : unmanaged, ISimd<TVector, T> =>
        SimdMath.Constant<TVector, T>(1) - y * y;
}
