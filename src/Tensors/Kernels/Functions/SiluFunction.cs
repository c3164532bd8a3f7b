using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>x σ(x), with σ the sigmoid (Elfwing et al. 2018). The derivative, σ (1 + x (1 - σ)), reads x only.</summary>
public readonly struct SiluFunction<T> : IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> =>
        x * SimdMath.Sigmoid<V, T>(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T>
    {
        ValueAndDerivative(x, out V derivative);
        return derivative;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ValueAndDerivative<V>(V x, out V derivative)
        where V : unmanaged, ISimd<V, T>
    {
        V sigmoid = SimdMath.Sigmoid<V, T>(x);
        V one = SimdMath.Constant<V, T>(1);
        derivative = sigmoid * V.MultiplyAdd(x, one - sigmoid, one);
        return x * sigmoid;
    }
}
