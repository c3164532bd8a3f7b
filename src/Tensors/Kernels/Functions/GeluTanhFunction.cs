using System.Numerics;
using System.Runtime.CompilerServices;
using MiniGpt.Tensors.Simd;

namespace MiniGpt.Tensors.Kernels.Functions;

/// <summary>
/// GPT-2's GELU: ½ x (1 + tanh u) with u = √(2/π) (x + 0.044715 x³) (Hendrycks and Gimpel 2016), computed as x σ(2u), which is the same and
/// keeps its precision where 1 + tanh u cancels. The derivative, σ (1 + x (1 - σ) 2u'), reads x only.
/// </summary>
public readonly struct GeluTanhFunction<T> : IUnaryFunction<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const double TwiceRootOfTwoOverPi = 1.5957691216057308;
    private const double Cubic = 0.044715;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Value<TVector>(TVector x)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector one = SimdMath.Constant<TVector, T>(1);
        TVector square = x * x;
        TVector minusTwoU = x * TVector.MultiplyAdd(
            square, SimdMath.Constant<TVector, T>(-TwiceRootOfTwoOverPi * Cubic), SimdMath.Constant<TVector, T>(-TwiceRootOfTwoOverPi));
        return x / (one + SimdMath.Exp<TVector, T>(minusTwoU));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Derivative<TVector>(TVector x, TVector y)
        where TVector : unmanaged, ISimd<TVector, T>
    {
        TVector one = SimdMath.Constant<TVector, T>(1);

        // Beyond ±30 the sigmoid is 0 or 1 in both precisions; without the limit, x² could overflow there and 0 times infinity is NaN.
        TVector limited = TVector.Clamp(x, SimdMath.Constant<TVector, T>(-30), SimdMath.Constant<TVector, T>(30));
        TVector square = limited * limited;
        TVector twoU = limited * TVector.MultiplyAdd(
            square, SimdMath.Constant<TVector, T>(TwiceRootOfTwoOverPi * Cubic), SimdMath.Constant<TVector, T>(TwiceRootOfTwoOverPi));
        TVector slope = TVector.MultiplyAdd(
            square, SimdMath.Constant<TVector, T>(3 * TwiceRootOfTwoOverPi * Cubic), SimdMath.Constant<TVector, T>(TwiceRootOfTwoOverPi));
        TVector sigmoid = SimdMath.Sigmoid<TVector, T>(twoU);
        return sigmoid * TVector.MultiplyAdd(limited * slope, one - sigmoid, one);
    }
}
