using System.Globalization;
using MiniGpt.Tensors;
using MiniGpt.Tests.Tensors;
using Xunit;

namespace MiniGpt.Tests.Precision;

/// <summary>
/// Compares a kernel in single precision with its twin, the same computation on the same numbers in double precision. (That the kernels
/// in double are right is shown by plain loops, in Tensors/Kernels.)
/// </summary>
/// <remarks>
/// Bounds are multiples of epsilon, 2⁻²³, times the sum of the magnitudes of what was added up. One rounding costs half an epsilon of its
/// result. A sum of n terms has the error (n − 1)/2 · epsilon · Σ|term| at worst (Higham 2002, section 4.2), but roundings are as good as
/// independent, and √n takes the place of n (Higham and Mary 2019): so the bound of a sum is (2 + √n) · epsilon · Σ|term|, whatever the
/// order, and holds at every vector width. What a function of such a sum makes of the error is said where it is used.
/// </remarks>
internal static class Rounding
{
    public static double Epsilon { get; } = Math.Pow(2, -23);

    /// <summary>1 to 257, on both sides of every vector, tile and block, and the widths and vocabularies of the presets.</summary>
    public static IEnumerable<int> Lengths { get; } = [.. TriedLengths.Of(1, 257), 384, 512, 768, 1152, 1536, 2304, 3072, 50257];

    /// <summary>The error of a sum of this many terms, in epsilons of the sum of their magnitudes.</summary>
    public static double Sum(int terms) => 2 + Math.Sqrt(terms);

    public static Tensor<float> Random(Shape shape, int seed, double low = -2, double high = 2) =>
        Samples.Random<float>(shape, seed, low, high);

    /// <summary>The same numbers in double precision.</summary>
    public static Tensor<double> Widen(Tensor<float> tensor) => Tensor<double>.From(Samples.Doubles(tensor), tensor.Shape);

    public static Tensor<double> Magnitudes(Tensor<double> tensor) =>
        Tensor<double>.From([.. tensor.Span.ToArray().Select(Math.Abs)], tensor.Shape);

    /// <summary>Asserts |actual − twin| ≤ epsilons(i) · epsilon, element by element; the epsilons include the magnitude.</summary>
    public static void AssertWithin(Tensor<double> twin, Tensor<float> actual, Func<int, double> epsilons)
    {
        Assert.Equal(twin.Shape, actual.Shape);
        ReadOnlySpan<double> expected = twin.Span;
        ReadOnlySpan<float> found = actual.Span;
        for (int i = 0; i < found.Length; i++)
        {
            double error = Math.Abs(found[i] - expected[i]) / Epsilon;
            if (!(error <= epsilons(i)))
            {
                Assert.Fail(string.Create(CultureInfo.InvariantCulture,
                    $"element {i} of {actual.Shape}: {found[i]:R} differs from {expected[i]:R} by {error:G4} epsilons, "
                    + $"{epsilons(i):G4} are allowed"));
            }
        }
    }
}
