using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>max(x, 0), NaN for NaN. The derivative, 1 where y is not 0 and 0 elsewhere, reads y only.</summary>
public readonly struct ReluFunction<T> : IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> =>
        V.Max(x, V.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivative<V>(V x, V y)
        where V : unmanaged, ISimd<V, T> =>
        V.Select(V.Equal(y, V.Zero), V.Zero, SimdMath.Constant<V, T>(1));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ValueAndDerivative<V>(V x, out V derivative)
        where V : unmanaged, ISimd<V, T>
    {
        V y = Value(x);
        derivative = Derivative(x, y);
        return y;
    }
}
