using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniGpt.Tensors.Simd;

/// <summary>
/// The elementary functions of a transformer, one source for every vector width and both precisions. Polynomials are minimax fits (Remez's
/// exchange, computed with 50 digits); each states its interval and its error before rounding. The errors in the summaries are bounds in
/// units in the last place (ulp), with fused multiply-add; without it they are up to one ulp more. The tests hold every function to them,
/// in float over all exponents (Precision/FunctionPrecisionTests).
/// </summary>
internal static partial class SimdMath
{
    /// <summary>The logarithm of e to base 2: e^x = 2^(x · Log2OfE).</summary>
    public const double Log2OfE = 1.4426950408889634;

    /// <summary>The natural logarithm of 2.</summary>
    public const double LogOf2 = 0.6931471805599453;

    /// <summary>e^x: 1 ulp in both precisions. Underflows through subnormal numbers to 0, overflows to infinity; NaN stays NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<V, T>(V x)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // One step outside of what is representable on either side: enough to give 0 and infinity.
        V clamped = IsFloat<T>()
            ? V.Clamp(x, Constant<V, T>(-104), Constant<V, T>(89))
            : V.Clamp(x, Constant<V, T>(-746), Constant<V, T>(710));
        V r = Reduce<V, T>(clamped, out V n);
        return V.Scale(V.MultiplyAdd(r, GrowthRate<V, T>(r), Constant<V, T>(1)), n);
    }

    /// <summary>2^x for x up to 200: 1 ulp in float, 2 in double. Underflows through subnormal numbers to 0; NaN stays NaN.</summary>
    /// <remarks>Cheaper than e^x: the whole part of x is the exponent, and what is left is exact.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp2<V, T>(V x)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V limited = V.AtLeast(x, Constant<V, T>(IsFloat<T>() ? -152 : -1077));
        V n = V.Round(limited);
        V r = limited - n;
        return V.Scale(V.MultiplyAdd(r, GrowthRate2<V, T>(r), Constant<V, T>(1)), n);
    }

    /// <summary>tanh x: 3.5 ulp in both precisions, near zero too.</summary>
    /// <remarks>
    /// tanh |x| = m / (m + 2) with m = e^(2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1): nothing cancels, and the argument is cut off where tanh
    /// has become 1, so that there is no infinity over infinity.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<V, T>(V x)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V one = Constant<V, T>(1);
        V magnitude = V.Abs(x);
        V limited = V.Clamp(magnitude + magnitude, V.Zero, Constant<V, T>(IsFloat<T>() ? 20 : 40));
        V r = Reduce<V, T>(limited, out V n);
        V power = V.Scale(one, n);
        V m = V.MultiplyAdd(power * r, GrowthRate<V, T>(r), power - one);
        return V.CopySign(m / (m + Constant<V, T>(2)), x);
    }

    /// <summary>1 / (1 + e^-x): 2.5 ulp in float; 0 where e^-x overflows (x below -88.7 in float, -709.7 in double).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<V, T>(V x)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V one = Constant<V, T>(1);
        return one / (one + Exp<V, T>(V.Zero - x));
    }

    /// <summary>A number as a vector. The conversion is done by the JIT.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Constant<V, T>(double value)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        V.Broadcast(typeof(T) == typeof(float) ? Unsafe.BitCast<float, T>((float)value) : Unsafe.BitCast<double, T>(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsFloat<T>() => typeof(T) == typeof(float);

    /// <summary>x = n ln 2 + r with n whole and |r| ≤ ln 2 / 2. ln 2 is two numbers, the first so short that n times it is exact.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Reduce<V, T>(V x, out V n)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        n = V.Round(x * Constant<V, T>(Log2OfE));
        return IsFloat<T>()
            ? V.MultiplyAdd(n, Constant<V, T>(2.12194440054690583e-4), V.MultiplyAdd(n, Constant<V, T>(-0.693359375), x))
            : V.MultiplyAdd(n, Constant<V, T>(-1.9082149292705877e-10), V.MultiplyAdd(n, Constant<V, T>(-0.6931471803691238), x));
    }

    /// <summary>(e^r - 1) / r on |r| ≤ 0.3467: relative error 1.1e-8 in float, 1.8e-17 in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V GrowthRate<V, T>(V r)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        V p;
        if (IsFloat<T>())
        {
            p = Constant<V, T>(0.001388888296179237017);
            p = Horner<V, T>(p, r, 0.0083690946830908850599);
            p = Horner<V, T>(p, r, 0.041667136759680637581);
            p = Horner<V, T>(p, r, 0.16666505985267766575);
            p = Horner<V, T>(p, r, 0.49999998120859920028);
            return Horner<V, T>(p, r, 1.0000000106514106397);
        }

        p = Constant<V, T>(2.5052049713071668715e-8);
        p = Horner<V, T>(p, r, 2.762631394318785608e-7);
        p = Horner<V, T>(p, r, 2.7557415088381689708e-6);
        p = Horner<V, T>(p, r, 0.000024801504479253161483);
        p = Horner<V, T>(p, r, 0.0001984126970698138736);
        p = Horner<V, T>(p, r, 0.0013888888932355819563);
        p = Horner<V, T>(p, r, 0.0083333333333981198344);
        p = Horner<V, T>(p, r, 0.041666666666573630059);
        p = Horner<V, T>(p, r, 0.16666666666666562964);
        p = Horner<V, T>(p, r, 0.50000000000000055694);
        return Horner<V, T>(p, r, 1);
    }

    /// <summary>(2^r - 1) / r on |r| ≤ 0.5: the same polynomial with ln 2 in its coefficients, (e^(r ln 2) - 1) / (r ln 2) times ln 2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V GrowthRate2<V, T>(V r)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const double Ln2 = LogOf2, Ln2Squared = Ln2 * Ln2, Ln2Cubed = Ln2Squared * Ln2, Ln2ToFour = Ln2Squared * Ln2Squared;
        V p;
        if (IsFloat<T>())
        {
            p = Constant<V, T>(0.001388888296179237017 * Ln2Cubed * Ln2Cubed);
            p = Horner<V, T>(p, r, 0.0083690946830908850599 * Ln2ToFour * Ln2);
            p = Horner<V, T>(p, r, 0.041667136759680637581 * Ln2ToFour);
            p = Horner<V, T>(p, r, 0.16666505985267766575 * Ln2Cubed);
            p = Horner<V, T>(p, r, 0.49999998120859920028 * Ln2Squared);
            return Horner<V, T>(p, r, 1.0000000106514106397 * Ln2);
        }

        p = Constant<V, T>(2.5052049713071668715e-8 * Ln2ToFour * Ln2ToFour * Ln2Cubed);
        p = Horner<V, T>(p, r, 2.762631394318785608e-7 * Ln2ToFour * Ln2ToFour * Ln2Squared);
        p = Horner<V, T>(p, r, 2.7557415088381689708e-6 * Ln2ToFour * Ln2ToFour * Ln2);
        p = Horner<V, T>(p, r, 0.000024801504479253161483 * Ln2ToFour * Ln2ToFour);
        p = Horner<V, T>(p, r, 0.0001984126970698138736 * Ln2ToFour * Ln2Cubed);
        p = Horner<V, T>(p, r, 0.0013888888932355819563 * Ln2ToFour * Ln2Squared);
        p = Horner<V, T>(p, r, 0.0083333333333981198344 * Ln2ToFour * Ln2);
        p = Horner<V, T>(p, r, 0.041666666666573630059 * Ln2ToFour);
        p = Horner<V, T>(p, r, 0.16666666666666562964 * Ln2Cubed);
        p = Horner<V, T>(p, r, 0.50000000000000055694 * Ln2Squared);
        return Horner<V, T>(p, r, Ln2);
    }

    /// <summary>One step of Horner's rule: p · x + c.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Horner<V, T>(V p, V x, double c)
        where V : unmanaged, ISimd<V, T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        V.MultiplyAdd(p, x, Constant<V, T>(c));
}
