using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Simd;

/// <summary>Limits, and errors in double precision; those in single precision are in Precision, at every vector width.</summary>
public class SimdMathTests
{
    // Without fused multiply-add a Horner step is rounded twice.
    private static readonly double s_extra = System.Runtime.Intrinsics.X86.Fma.IsSupported ? 0 : 1;

    [Fact]
    public void Exp_in_double_is_within_one_ulp() =>
        CheckDouble<ExponentialFunction<double>>(0, 40, HighPrecision.Exp, 1.0 + s_extra);

    [Fact]
    public void Exp_in_double_is_within_two_ulp_of_the_library_everywhere()
    {
        double[] x = Spread(-708, 709.7, 100_000);
        double[] y = Apply<double, ExponentialFunction<double>>(x);
        double worst = x.Zip(y, (a, b) => Math.Abs(b - Math.Exp(a)) / (Math.BitIncrement(Math.Exp(a)) - Math.Exp(a))).Max();
        Assert.InRange(worst, 0, 2 + s_extra);
    }

    [Fact]
    public void Exp2_in_double_is_within_two_ulp_of_the_library_everywhere()
    {
        double[] x = Spread(-1021, 200, 100_000);
        double[] y = Apply<double, Exp2Function<double>>(x);
        double worst = x.Zip(y, (a, b) => Math.Abs(b - Math.Pow(2, a)) / (Math.BitIncrement(Math.Pow(2, a)) - Math.Pow(2, a))).Max();
        Assert.InRange(worst, 0, 2 + s_extra);
    }

    [Fact]
    public void Tanh_in_double_is_within_three_and_a_half_ulp()
    {
        CheckDouble<HyperbolicTangentFunction<double>>(0.0001, 0.5, HighPrecision.Tanh, 3.5 + s_extra);
        CheckDouble<HyperbolicTangentFunction<double>>(0.5, 20, HighPrecision.Tanh, 3.5 + s_extra);
    }

    [Fact]
    public void Erf_in_double_is_within_two_ulp() =>
        CheckDouble<ErfFunction<double>>(0.0001, 6.5, HighPrecision.Erf, 2 + s_extra);

    // Values of the error function with 20 digits, computed with mpmath.
    [Theory]
    [InlineData(0.0078125, 0.0088152828951791887128)]
    [InlineData(0.5, 0.52049987781304653768)]
    [InlineData(1.0, 0.84270079294971486934)]
    [InlineData(1.5, 0.96610514647531072707)]
    [InlineData(1.75, 0.98667167121918244377)]
    [InlineData(3.0, 0.99997790950300141456)]
    [InlineData(5.5, 0.99999999999999264215)]
    [InlineData(7.0, 1.0)]
    public void Erf_agrees_with_tabulated_values(double x, double expected)
    {
        Assert.Equal(expected, Apply<double, ErfFunction<double>>([x])[0], 4e-16);
        Assert.Equal(-expected, Apply<double, ErfFunction<double>>([-x])[0], 4e-16);
        Assert.Equal(expected, Apply<float, ErfFunction<float>>([x])[0], 1.5e-7);
    }

    [Fact]
    public void Exp_takes_the_limits_and_NaN()
    {
        double[] x = [double.NegativeInfinity, double.PositiveInfinity, double.NaN, 0, -0.0, 1e30, -1e30, 800, -800];
        double[] expected = [0, double.PositiveInfinity, double.NaN, 1, 1, double.PositiveInfinity, 0, double.PositiveInfinity, 0];
        Assert.Equal(expected, Apply<float, ExponentialFunction<float>>(x));
        Assert.Equal(expected, Apply<double, ExponentialFunction<double>>(x));
    }

    [Fact]
    public void Exp2_takes_whole_exponents_exactly_underflows_and_keeps_NaN()
    {
        double[] x = [double.NegativeInfinity, double.NaN, 0, -0.0, 1, 100, -126, -149, -200, -1e30];
        double[] expected = [0, double.NaN, 1, 1, 2, Math.Pow(2, 100), Math.Pow(2, -126), Math.Pow(2, -149), 0, 0];
        Assert.Equal(expected, Apply<float, Exp2Function<float>>(x));
        expected[8] = Math.Pow(2, -200);
        Assert.Equal(expected, Apply<double, Exp2Function<double>>(x));
        Assert.Equal([double.Epsilon, 0], Apply<double, Exp2Function<double>>([-1074, -1077]));
    }

    [Fact]
    public void Exp_reaches_the_largest_and_the_subnormal_numbers()
    {
        Assert.Equal(Math.Exp(88.722f), Apply<float, ExponentialFunction<float>>([88.722f])[0], 1e32);
        Assert.Equal((float)Math.Exp(-100f), Apply<float, ExponentialFunction<float>>([-100])[0], 1.5e-45);
        Assert.Equal(0, Apply<float, ExponentialFunction<float>>([-103.98])[0]);
        Assert.Equal(Math.Exp(-740), Apply<double, ExponentialFunction<double>>([-740])[0], 5e-324);
    }

    [Fact]
    public void Tanh_and_erf_take_the_limits_and_NaN()
    {
        double[] x = [double.NegativeInfinity, double.PositiveInfinity, double.NaN, 0, -0.0, 1e-30, -1e30];
        double tiny = (float)1e-30;
        Assert.Equal([-1, 1, double.NaN, 0, -0.0, tiny, -1], Apply<float, HyperbolicTangentFunction<float>>(x));
        Assert.Equal([-1, 1, double.NaN, 0, -0.0, 1e-30, -1], Apply<double, HyperbolicTangentFunction<double>>(x));
        Assert.Equal([-1, 1, double.NaN, 0, -0.0], Apply<float, ErfFunction<float>>(x[..5]));
        Assert.Equal([-1, 1, double.NaN, 0, -0.0], Apply<double, ErfFunction<double>>(x[..5]));
        Assert.Equal([0, 1, double.NaN, 0.5, 0.5], Apply<float, SigmoidFunction<float>>(x[..5]));
    }

    private static void CheckDouble<TFunction>(double low, double high, Func<decimal, decimal> exact, double ulps)
        where TFunction : struct, IUnaryFunction<double>
    {
        // Multiples of 2^-40, so that decimals hold the arguments exactly.
        double[] x = [.. Spread(low, high, 20_000).Select(v => Math.Round(v * (1L << 40)) / (1L << 40))];
        double[] y = Apply<double, TFunction>(x);
        double worst = 0, at = 0;
        for (int i = 0; i < x.Length; i++)
        {
            double error = HighPrecision.Ulps(y[i], exact(HighPrecision.Exact(x[i])));
            (worst, at) = error > worst ? (error, x[i]) : (worst, at);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{typeof(TFunction).Name}: {worst:F3} ulp at {at:R}");
        Assert.True(worst <= ulps, $"{worst} ulp at {at:R}");
    }

    private static double[] Spread(double low, double high, int count) =>
        [.. Enumerable.Range(0, count).Select(i => low + (high - low) * i / (count - 1.0))];

    private static double[] Apply<T, TFunction>(double[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        Tensor<T> tensor = Tensor<T>.From([.. x.Select(T.CreateTruncating)], [x.Length]);
        Map.Forward<T, TFunction>(tensor, tensor);
        return Samples.Doubles(tensor);
    }
}
