using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;
using static MiniGpt.Tests.Precision.Rounding;

namespace MiniGpt.Tests.Precision;

public class ElementwisePrecisionTests
{
    // The processor rounds each once.
    [Fact]
    public void Arithmetic_is_rounded_once()
    {
        foreach (int n in Lengths)
        {
            Tensor<float> a = Random([n], n), b = Random([n], n + 1, 0.5, 2), y = new([n]);
            Tensor<double> wideA = Widen(a), wideB = Widen(b), twin = new([n]);
            Elementwise.Add(a, b, y);
            Elementwise.Add(wideA, wideB, twin);
            AssertRoundedOnce();
            Elementwise.Subtract(a, b, y);
            Elementwise.Subtract(wideA, wideB, twin);
            AssertRoundedOnce();
            Elementwise.Multiply(a, b, y);
            Elementwise.Multiply(wideA, wideB, twin);
            AssertRoundedOnce();
            Elementwise.Divide(a, b, y);
            Elementwise.Divide(wideA, wideB, twin);
            AssertRoundedOnce();
            Elementwise.Scale(a, 0.3f, y);
            Elementwise.Scale(wideA, 0.3f, twin);
            AssertRoundedOnce();
            Elementwise.AddConstant(a, 0.3f, y);
            Elementwise.AddConstant(wideA, 0.3f, twin);
            AssertRoundedOnce();
            Elementwise.Copy(a, y);
            Assert.Equal(a.Span.ToArray(), y.Span.ToArray());

            void AssertRoundedOnce() => AssertWithin(twin, y, i => 0.5 * Math.Abs(twin.Span[i]));
        }
    }

    // The approximations of SimdMath are within 3.5 units in the last place, which are up to 3.5 epsilons of the value.
    [Fact]
    public void Exponential() => Check<ExponentialFunction<float>, ExponentialFunction<double>>((x, y) => Math.Abs(y));

    [Fact]
    public void Logarithm() => Check<LogarithmFunction<float>, LogarithmFunction<double>>((x, y) => Math.Abs(y), low: 0.01);

    [Fact]
    public void Square_root() => Check<SquareRootFunction<float>, SquareRootFunction<double>>((x, y) => y, low: 0.01);

    [Fact]
    public void Hyperbolic_tangent() => Check<HyperbolicTangentFunction<float>, HyperbolicTangentFunction<double>>((x, y) => Math.Abs(y));

    [Fact]
    public void Sigmoid() => Check<SigmoidFunction<float>, SigmoidFunction<double>>((x, y) => y);

    [Fact]
    public void Relu() => Check<ReluFunction<float>, ReluFunction<double>>((x, y) => y);

    [Fact]
    public void Silu() => Check<SiluFunction<float>, SiluFunction<double>>((x, y) => Math.Abs(y));

    // The exponent, 1.6 (x + 0.044715 x³), was rounded four times where there is no fused multiply-add, each time by half an epsilon of it,
    // which is a share of that size of the result.
    [Fact]
    public void Gelu_by_tanh() => Check<GeluTanhFunction<float>, GeluTanhFunction<double>>(
        (x, y) => Math.Abs(y) * (1 + Math.Abs(0.8 * (x + 0.044715 * x * x * x))));

    // ½x and ½x·erf(x/√2) are added, and cancel where x is negative.
    [Fact]
    public void Gelu_by_erf() => Check<GeluErfFunction<float>, GeluErfFunction<double>>((x, y) => Math.Abs(x));

    [Fact]
    public void Dropout_multiplies_with_a_rounded_factor()
    {
        var stream = new RandomStream(1, RandomPurpose.Dropout);
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([n], n), y = new([n]);
            Tensor<double> twin = new([n]);
            Dropout.Apply(x, y, stream, 0.3, accumulate: false);
            Dropout.Apply(Widen(x), twin, stream, 0.3, accumulate: false);
            AssertWithin(twin, y, i => Math.Abs(twin.Span[i]));
        }
    }

    // Each line of the update rounds a handful of times: eight epsilons of the terms' magnitudes.
    [Fact]
    public void AdamW_rounds_a_few_times()
    {
        const float LearningRate = 1e-2f, Beta1 = 0.9f, Beta2 = 0.99f, Small = 1e-8f, Decay = 0.1f, Clip = 0.75f;
        foreach (int n in Lengths)
        {
            Tensor<float> p = Random([n], n), g = Random([n], 1), m = Random([n], 2, -0.5, 0.5), v = Random([n], 3, 0.1, 0.5);
            Tensor<double> wideP = Widen(p), wideG = Widen(g), wideM = Widen(m), wideV = Widen(v);
            double[] sizeP = [.. wideP.Span], sizeM = [.. wideM.Span], sizeG = [.. wideG.Span];
            AdamW.Update(p, g, m, v, LearningRate, Beta1, Beta2, Small, Decay, Clip, 3);
            AdamW.Update<double>(wideP, wideG, wideM, wideV, LearningRate, Beta1, Beta2, Small, Decay, Clip, 3);
            double FirstSize(int i) => Math.Abs(sizeM[i]) + Math.Abs(sizeG[i]);
            AssertWithin(wideM, m, i => 8 * FirstSize(i));
            AssertWithin(wideV, v, i => 8 * wideV.Span[i]);
            AssertWithin(wideP, p, i => 8 * (Math.Abs(sizeP[i]) + 10 * LearningRate * FirstSize(i) / Math.Sqrt(wideV.Span[i])));
        }
    }

    // Values within 4 epsilons of a magnitude; slopes are sums of products of at most 1 + |x|, and are multiplied with dy.
    private static void Check<TFloat, TDouble>(Func<double, double, double> magnitude, double low = -6)
        where TFloat : struct, IUnaryFunction<float>
        where TDouble : struct, IUnaryFunction<double>
    {
        foreach (int n in Lengths)
        {
            Tensor<float> x = Random([n], n, low, 6), dy = Random([n], n + 1), y = new([n]), dx = new([n]);
            Tensor<double> wideX = Widen(x), wideDy = Widen(dy), twin = new([n]), slope = new([n]);
            Map.Forward<float, TFloat>(x, y);
            Map.Forward<double, TDouble>(wideX, twin);
            AssertWithin(twin, y, i => 4 * magnitude(wideX.Span[i], twin.Span[i]));
            Map.Backward<float, TFloat>(x, y, dy, dx, accumulate: false);
            Map.Backward<double, TDouble>(wideX, Widen(y), wideDy, slope, accumulate: false);
            AssertWithin(slope, dx, i => 4 * Math.Max(Math.Abs(slope.Span[i]), Math.Abs(wideDy.Span[i]) * (1 + Math.Abs(wideX.Span[i]))));
        }
    }
}
