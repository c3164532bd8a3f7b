using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels.Functions;

/// <summary>max(x, 0), NaN for NaN. The derivative, 1 where y is not 0 and 0 elsewhere, reads y only.</summary>
public readonly struct ReluFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T> =>
        TVector.Max(x, TVector.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Derivative<TVector>(TVector x, TVector y)
        where TVector : unmanaged, ISimd<TVector, T> =>
        TVector.Select(TVector.Equal(y, TVector.Zero), TVector.Zero, SimdMath.Constant<TVector, T>(1));
}
