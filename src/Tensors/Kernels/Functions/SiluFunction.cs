using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>x σ(x), with σ the sigmoid (Elfwing et al. 2018). The derivative, σ (1 + x (1 - σ)), reads x only.</summary>
public readonly struct SiluFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T>
    {
        V one = SimdMath.Constant<V, T>(1);
        return x / (one + SimdMath.Exp<V, T>(V.Zero - x));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T>
    {
        V one = SimdMath.Constant<V, T>(1);
        V sigmoid = SimdMath.Sigmoid<V, T>(x);
        return sigmoid * V.MultiplyAdd(x, one - sigmoid, one);
    }
}
