using System.Numerics;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public class MapTests
{
    private static readonly int[] s_sizes = [.. TriedLengths.Of(1, 257), 16384, 16385, 40000];

    [Fact]
    public void Exponential() => Check<ExponentialFunction<float>, ExponentialFunction<double>>(Math.Exp, Math.Exp);

    [Fact]
    public void Logarithm() => Check<LogarithmFunction<float>, LogarithmFunction<double>>(Math.Log, x => 1 / x, low: 0.01);

    [Fact]
    public void SquareRoot() => Check<SquareRootFunction<float>, SquareRootFunction<double>>(Math.Sqrt, x => 0.5 / Math.Sqrt(x), low: 0.01);

    [Fact]
    public void HyperbolicTangent() =>
        Check<HyperbolicTangentFunction<float>, HyperbolicTangentFunction<double>>(Math.Tanh, x => 1 - Math.Pow(Math.Tanh(x), 2));

    [Fact]
    public void Sigmoid() => Check<SigmoidFunction<float>, SigmoidFunction<double>>(Logistic, x => Logistic(x) * Logistic(-x));

    [Fact]
    public void Relu() => Check<ReluFunction<float>, ReluFunction<double>>(x => Math.Max(x, 0), x => x > 0 ? 1 : 0);

    [Fact]
    public void Negation() => Check<NegationFunction<float>, NegationFunction<double>>(x => -x, x => -1);

    [Fact]
    public void Identity() => Check<IdentityFunction<float>, IdentityFunction<double>>(x => x, x => 1);

    [Fact]
    public void Silu() =>
        Check<SiluFunction<float>, SiluFunction<double>>(x => x * Logistic(x), x => Logistic(x) * (1 + x * Logistic(-x)));

    [Fact]
    public void GeluTanh() => Check<GeluTanhFunction<float>, GeluTanhFunction<double>>(
        x => 0.5 * x * (1 + Math.Tanh(Inner(x))),
        x => 0.5 * (1 + Math.Tanh(Inner(x)))
            + 0.5 * x * (1 - Math.Pow(Math.Tanh(Inner(x)), 2)) * Math.Sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x));

    [Fact]
    public void GeluErf() => Check<GeluErfFunction<float>, GeluErfFunction<double>>(
        x => x * Normal(x), x => Normal(x) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI), largest: 64);

    // x Φ(x) with tabulated Φ(1) = 0.841344746068543 and Φ(3) = 0.998650101968370; the tanh form from its formula.
    [Fact]
    public void Gelu_agrees_with_the_normal_distributions_table()
    {
        double[] x = [-1, 0, 1, 3];
        Assert.Equal([-0.15865525393145707, 0, 0.8413447460685429, 2.99595030590511], Apply<double, GeluErfFunction<double>>(x), Near(1e-14));
        Assert.Equal([-0.15880800939172324, 0, 0.8411919906082768, 2.9963627], Apply<double, GeluTanhFunction<double>>(x), Near(1e-6));
    }

    [Fact]
    public void NaN_passes_through_every_function()
    {
        AssertNaN<ExponentialFunction<float>>();
        AssertNaN<LogarithmFunction<float>>();
        AssertNaN<SquareRootFunction<float>>();
        AssertNaN<HyperbolicTangentFunction<float>>();
        AssertNaN<SigmoidFunction<float>>();
        AssertNaN<ReluFunction<float>>();
        AssertNaN<SiluFunction<float>>();
        AssertNaN<GeluTanhFunction<float>>();
        AssertNaN<GeluErfFunction<float>>();
        AssertNaN<NegationFunction<float>>();
    }

    [Fact]
    public void Huge_arguments_give_the_limits_of_values_and_slopes()
    {
        double[] x = [1e30, -1e30];
        Assert.Equal([(float)1e30, 0], Apply<float, GeluTanhFunction<float>>(x));
        Assert.Equal([(float)1e30, 0], Apply<float, GeluErfFunction<float>>(x));
        Assert.Equal([(float)1e30, 0], Apply<float, SiluFunction<float>>(x));
        Assert.Equal([1, 0], Slopes<GeluTanhFunction<float>>(x));
        Assert.Equal([1, 0], Slopes<GeluErfFunction<float>>(x));
        Assert.Equal([1, 0], Slopes<SiluFunction<float>>(x));
    }

    [Fact]
    public void Tensors_of_different_shapes_are_refused()
    {
        ShapeException error = Assert.Throws<ShapeException>(() =>
            Map.Forward<float, ReluFunction<float>>(new Tensor<float>([2, 3]), new Tensor<float>([3, 2])));
        Assert.Contains("[2, 3]", error.Message);
        Assert.Contains("[3, 2]", error.Message);
    }

    [Fact]
    public void Views_with_gaps_are_refused() =>
        Assert.Throws<InvalidOperationException>(() =>
            Map.Forward<float, ReluFunction<float>>(new Tensor<float>([2, 3]).Transpose(0, 1), new Tensor<float>([3, 2])));

    private static void Check<TFloat, TDouble>(Func<double, double> value, Func<double, double> slope, double low = -6, int largest = 40_000)
        where TFloat : struct, IUnaryFunction<float>
        where TDouble : struct, IUnaryFunction<double>
    {
        foreach (int size in s_sizes.Where(size => size <= largest))
        {
            CheckOne<float, TFloat>(size, value, slope, low);
            CheckOne<double, TDouble>(size, value, slope, low);
        }
    }

    // Within 8 epsilon of the value, or of |x| where the function subtracts nearly equal numbers.
    private static void CheckOne<T, TFunction>(int size, Func<double, double> value, Func<double, double> slope, double low)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        Tensor<T> x = Samples.Random<T>([size], size, low, 6), dy = Samples.Random<T>([size], size + 1), y = new([size]);
        double[] xs = Samples.Doubles(x), dys = Samples.Doubles(dy);
        Map.Forward<T, TFunction>(x, y);
        Samples.AssertClose([.. xs.Select(value)], y, 8, i => Math.Max(1, Math.Abs(value(xs[i]))));

        double[] expected = [.. xs.Zip(dys, (a, b) => slope(a) * b)];
        double Size(int i) => 1 + Math.Abs(dys[i]) * Math.Max(6, Math.Abs(slope(xs[i])));
        Tensor<T> dx = Samples.Filled<T>([size], double.NaN);
        Map.Backward<T, TFunction>(x, y, dy, dx, accumulate: false);
        Samples.AssertClose(expected, dx, 8, Size);
        dx = Samples.Filled<T>([size], 1);
        Map.Backward<T, TFunction>(x, y, dy, dx, accumulate: true);
        Samples.AssertClose([.. expected.Select(e => e + 1)], dx, 8, i => 1 + Size(i));

        Map.Backward<T, TFunction>(x, y, dy, dy, accumulate: false);
        Samples.AssertClose(expected, dy, 8, Size);
        Map.Forward<T, TFunction>(x, x);
        Assert.Equal(Samples.Doubles(y), Samples.Doubles(x));
    }

    private static double[] Apply<T, TFunction>(double[] x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
        where TFunction : struct, IUnaryFunction<T>
    {
        Tensor<T> tensor = Tensor<T>.From([.. x.Select(T.CreateTruncating)], [x.Length]);
        Map.Forward<T, TFunction>(tensor, tensor);
        return Samples.Doubles(tensor);
    }

    private static double[] Slopes<TFunction>(double[] x)
        where TFunction : struct, IUnaryFunction<float>
    {
        Tensor<float> tensor = Tensor<float>.From([.. x.Select(v => (float)v)], [x.Length]), slopes = Samples.Filled<float>([x.Length], 1);
        Map.Backward<float, TFunction>(tensor, tensor, slopes, slopes, accumulate: false);
        return Samples.Doubles(slopes);
    }

    private static void AssertNaN<TFunction>()
        where TFunction : struct, IUnaryFunction<float> =>
        Assert.All(Apply<float, TFunction>([.. Enumerable.Repeat(double.NaN, 19)]), value => Assert.True(double.IsNaN(value)));

    private static Func<double, double, bool> Near(double tolerance) => (a, b) => Math.Abs(a - b) <= tolerance;

    private static double Inner(double x) => Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));

    private static double Normal(double x) =>
        0.5 + 0.5 * Math.CopySign((double)HighPrecision.Erf((decimal)(Math.Abs(x) / Math.Sqrt(2))), x);
}
