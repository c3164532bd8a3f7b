using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels.Functions;

/// <summary>x σ(x), with σ the sigmoid (Elfwing et al. 2018). The derivative, σ (1 + x (1 - σ)), reads x only.</summary>
public readonly struct SiluFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector one = SimdMath.Constant<TVector, T>(1);
        return x / (one + SimdMath.Exp<TVector, T>(TVector.Zero - x));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Derivative<TVector>(TVector x, TVector y)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector one = SimdMath.Constant<TVector, T>(1);
        TVector sigmoid = SimdMath.Sigmoid<TVector, T>(x);
        return sigmoid * TVector.MultiplyAdd(x, one - sigmoid, one);
    }
}
