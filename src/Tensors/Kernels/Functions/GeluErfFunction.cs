using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels.Functions;

/// <summary>x Φ(x), with Φ the normal distribution: ½ x (1 + erf(x / √2)) (Hendrycks and Gimpel 2016). The derivative, Φ(x) + x φ(x), reads x only.</summary>
public readonly struct GeluErfFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double InverseRootOfTwo = 0.70710678118654752;
    private const double InverseRootOfTwoPi = 0.39894228040143268;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        return x * Distribution(x);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Derivative<TVector>(TVector x, TVector y)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        // Where the density has vanished, x² must not overflow: 0 times infinity is NaN.
        TVector limited = TVector.Clamp(x, SimdMath.Constant<TVector, T>(-40), SimdMath.Constant<TVector, T>(40));
        TVector density = SimdMath.Exp<TVector, T>(limited * limited * SimdMath.Constant<TVector, T>(-0.5)) * SimdMath.Constant<TVector, T>(InverseRootOfTwoPi);
        return TVector.MultiplyAdd(limited, density, Distribution(x));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Distribution<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector half = SimdMath.Constant<TVector, T>(0.5);
        return TVector.MultiplyAdd(half, SimdMath.Erf<TVector, T>(x * SimdMath.Constant<TVector, T>(InverseRootOfTwo)), half);
    }
}
