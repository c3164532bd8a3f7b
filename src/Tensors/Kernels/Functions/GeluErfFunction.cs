using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// x Φ(x), with Φ the normal distribution: ½ x (1 + erf(x / √2)) (Hendrycks and Gimpel 2016). The derivative, Φ(x) + x φ(x), reads x only.
/// </summary>
public readonly struct GeluErfFunction<T> : IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double InverseRootOfTwo = 0.70710678118654752;
    private const double InverseRootOfTwoPi = 0.39894228040143268;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> =>
        x * Distribution(x, out _);

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
        V distribution = Distribution(x, out V gaussian);
        derivative = V.MultiplyAdd(x, gaussian * SimdMath.Constant<V, T>(InverseRootOfTwoPi), distribution);
        return x * distribution;
    }

    /// <summary>Φ(x), and e^(-x²/2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Distribution<V>(V x, out V gaussian)
        where V : unmanaged, ISimd<V, T>
    {
        V half = SimdMath.Constant<V, T>(0.5);
        return V.MultiplyAdd(half, SimdMath.Erf<V, T>(x * SimdMath.Constant<V, T>(InverseRootOfTwo), out gaussian), half);
    }
}
