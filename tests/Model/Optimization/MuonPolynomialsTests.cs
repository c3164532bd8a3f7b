using MiniGpt.Model.Optimization;
using MiniGpt.Tensors.Kernels;
using MiniGpt.Tests.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Model.Optimization;

public sealed class MuonPolynomialsTests
{
    /// <summary>The table of Amsel et al. 2025 (arXiv 2505.16932): smallest value 1e-3, cushion 0.02407327424182761.</summary>
    [Fact]
    public void Minimax_polynomials_are_those_of_the_paper()
    {
        (double, double, double)[] published =
        [
            (8.28721201814563, -23.595886519098837, 17.300387312530933),
            (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
            (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
            (3.3184196573706015, -2.488488024314874, 0.51004894012372),
            (2.300652019954817, -1.6689039845749493, 0.4188073119525673),
            (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
            (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
            (1.875, -1.25, 0.375),
        ];
        OddQuintic[] made = MuonPolynomials.Minimax(8, 1e-3, 0.02407327424182761);
        Assert.Equal(published.Length, made.Length);
        Assert.All(published.Zip(made), pair =>
        {
            ((double a, double b, double c), OddQuintic p) = pair;
            Assert.Equal(a, p.Linear, 1e-8);
            Assert.Equal(b, p.Cubic, 1e-8);
            Assert.Equal(c, p.Quintic, 1e-8);
        });
    }

    [Fact]
    public void Each_step_errs_as_much_below_one_as_above()
    {
        foreach ((int steps, double smallest) in (ReadOnlySpan<(int, double)>)[(1, 0.5), (3, 0.01), (4, 0.003), (5, 0.001)])
        {
            (double low, double high) = Band(MuonPolynomials.Minimax(steps, smallest), smallest);
            Assert.Equal(1 - low, high - 1, 1e-5);
        }
    }

    [Fact]
    public void Four_steps_end_inside_of_the_band_of_Jordans_five()
    {
        (double low, double high) = Band(MuonPolynomials.Jordan, 0.002);
        (double lowOfFour, double highOfFour) = Band(MuonPolynomials.FourSteps, 0.003);
        Assert.InRange(low, 0.68, 0.69);
        Assert.InRange(high, 1.20, 1.21);
        Assert.InRange(lowOfFour, 0.80, 0.81);
        Assert.InRange(highOfFour, 1.19, 1.20);
        Assert.True(low < lowOfFour && highOfFour < high);
    }

    [Theory]
    [InlineData(0, 0.1, 0)]
    [InlineData(3, 0, 0)]
    [InlineData(3, 1, 0)]
    [InlineData(3, double.NaN, 0)]
    [InlineData(3, 0.1, 1)]
    [InlineData(3, 0.1, -0.1)]
    public void Numbers_out_of_range_are_refused(int steps, double smallest, double cushion) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => MuonPolynomials.Minimax(steps, smallest, cushion));

    /// <summary>Where values from a smallest one up to 1 end.</summary>
    private static (double Low, double High) Band(IEnumerable<OddQuintic> steps, double smallest)
    {
        double[] ends = [.. Enumerable.Range(0, 20_001).Select(i => NewtonSchulzTests.Through(steps, Math.Pow(smallest, 1 - i / 20_000.0)))];
        return (ends.Min(), ends.Max());
    }
}
