using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels;

/// <summary>
/// GPT-2's GELU: ½ x (1 + tanh u) with u = √(2/π) (x + 0.044715 x³) (Hendrycks and Gimpel 2016), computed as x σ(2u), which is the same and
/// keeps its precision where 1 + tanh u cancels. The derivative, σ (1 + x (1 - σ) 2u'), reads x only.
/// </summary>
public readonly struct GeluTanhFunction<T> : IActivation<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double TwiceRootOfTwoOverPi = 1.5957691216057308;
    private const double Cubic = 0.044715;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<V>(V x)
        where V : unmanaged, ISimd<V, T> =>
        x * Sigmoid(x, out _, out _);

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
        V one = SimdMath.Constant<V, T>(1);
        V sigmoid = Sigmoid(x, out V limited, out V square);
        V slope = V.MultiplyAdd(
            square, SimdMath.Constant<V, T>(3 * TwiceRootOfTwoOverPi * Cubic), SimdMath.Constant<V, T>(TwiceRootOfTwoOverPi));
        derivative = sigmoid * V.MultiplyAdd(limited * slope, one - sigmoid, one);
        return x * sigmoid;
    }

    /// <summary>σ(2u). Beyond ±30 it is 0 or 1 in both precisions; without the limit, x² could overflow there and 0 times infinity is NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Sigmoid<V>(V x, out V limited, out V square)
        where V : unmanaged, ISimd<V, T>
    {
        limited = V.Clamp(x, SimdMath.Constant<V, T>(-30), SimdMath.Constant<V, T>(30));
        square = limited * limited;
        return SimdMath.Sigmoid<V, T>(limited * V.MultiplyAdd(
            square, SimdMath.Constant<V, T>(TwiceRootOfTwoOverPi * Cubic), SimdMath.Constant<V, T>(TwiceRootOfTwoOverPi)));
    }
}
