using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using MiniGpt.Tests.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Precision;

/// <summary>
/// The largest error of each elementary function in single precision, in units in the last place (ulp): over every 4099th of all bit
/// patterns, which is two thousand numbers of each exponent and sign, subnormal numbers, infinities and NaN among them, and densely where
/// the function has its shape.
/// </summary>
public class FunctionPrecisionTests
{
    // A prime, so that the last bits of the patterns change, too.
    private const uint Stride = 4099;

    // Without fused multiply-add a Horner step is rounded twice.
    private static readonly double s_extra = Fma.IsSupported || AdvSimd.IsSupported ? 0 : 1;

    [Fact]
    public void Exp_is_within_one_ulp() =>
        Check<ExponentialFunction<float>>(Math.Exp, 1.0 + s_extra, -104, 89);

    // What it promises ends at 200.
    [Fact]
    public void Exp2_is_within_one_ulp() =>
        Check<Exp2Function<float>>(x => Math.Pow(2, x), 1.0 + s_extra, -151, 130, defined: x => !(x > 200));

    [Fact]
    public void Tanh_is_within_three_and_a_half_ulp() =>
        Check<HyperbolicTangentFunction<float>>(Math.Tanh, 3.5 + s_extra, -12, 12);

    [Fact]
    public void Erf_is_within_two_and_a_half_ulp() =>
        Check<ErfFunction<float>>(HighPrecision.Erf, 2.5 + s_extra, -5, 5);

    // Below, e^-x overflows, and what comes out is 0.
    [Fact]
    public void Sigmoid_is_within_two_and_a_half_ulp() =>
        Check<SigmoidFunction<float>>(x => 1 / (1 + Math.Exp(-x)), 2.5 + s_extra, -87, 40, defined: x => !(x < -87));

    [Fact]
    public void Log_is_within_two_and_a_half_ulp() =>
        Check<LogarithmFunction<float>>(Math.Log, 2.5, 0.1, 10);

    [Fact]
    public void Square_root_is_rounded_once() =>
        Check<SquareRootFunction<float>>(Math.Sqrt, 0.5, 1, 4);

    /// <param name="exact">The function in double precision.</param>
    /// <param name="ulps">The largest error that is allowed.</param>
    /// <param name="low">The least of the numbers that lie densely.</param>
    /// <param name="high">The greatest of them.</param>
    /// <param name="defined">The numbers for which the function promises anything; by default all.</param>
    private static void Check<TFunction>(Func<double, double> exact, double ulps, double low, double high, Func<float, bool>? defined = null)
        where TFunction : struct, IUnaryFunction<float>
    {
        const int Dense = 200_000;
        float[] arguments =
        [
            .. Patterns(),
            .. Enumerable.Range(0, Dense).Select(i => (float)(low + (high - low) * i / (Dense - 1.0))),
            0f, -0f, float.NaN, float.NegativeInfinity, float.PositiveInfinity, float.Epsilon, -float.Epsilon, float.MinValue, float.MaxValue,
        ];
        arguments = [.. arguments.Where(defined ?? (_ => true))];
        Tensor<float> x = Tensor<float>.From(arguments, [arguments.Length]), y = new(x.Shape);
        Map.Forward<float, TFunction>(x, y);
        double worst = 0, at = 0;
        for (int i = 0; i < arguments.Length; i++)
        {
            double error = Ulps(y.Span[i], exact(arguments[i]));
            (worst, at) = error > worst ? (error, arguments[i]) : (worst, at);
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{typeof(TFunction).Name}: {worst:F3} ulp at {at:R}");
        Assert.True(worst <= ulps, $"{worst} ulp at {at:R}");
    }

    private static IEnumerable<float> Patterns()
    {
        for (ulong bits = 0; bits <= uint.MaxValue; bits += Stride)
            yield return BitConverter.UInt32BitsToSingle((uint)bits);
    }

    /// <summary>
    /// |actual - expected| in units of the expected value's last place. Infinity counts as the number that would follow the largest; NaN in
    /// the place of a number, or a number in that of NaN, is infinitely wrong.
    /// </summary>
    private static double Ulps(float actual, double expected)
    {
        if (double.IsNaN(expected) || float.IsNaN(actual))
            return double.IsNaN(expected) && float.IsNaN(actual) ? 0 : double.PositiveInfinity;

        double beyond = Math.Pow(2, 128), limited = Math.Clamp(expected, -beyond, beyond);
        float magnitude = Math.Min(MathF.Abs((float)limited), MathF.BitDecrement(float.MaxValue));
        return Math.Abs(Math.Clamp(actual, -beyond, beyond) - limited) / (MathF.BitIncrement(magnitude) - magnitude);
    }
}
