using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;
using Xunit;

namespace MiniGpt.Tests.Tensors.Kernels;

public sealed class RotaryFrequenciesTests
{
    private static readonly Llama3Scaling s_llama = new(Factor: 8, LowFrequencyFactor: 1, HighFrequencyFactor: 4, OriginalPositions: 8192);

    [Fact]
    public void Plain_ones_are_powers_of_the_base() =>
        Assert.Equal([1, 0.1, 0.01, 0.001], RotaryFrequencies.Plain(8, 10000), (expected, found) => Math.Abs(expected - found) <= 1e-15);

    [Fact]
    public void Linear_scaling_divides_positions()
    {
        (Tensor<double> cosines, Tensor<double> sines) = RotaryEmbedding.Tables<double>(9, RotaryFrequencies.Linear(RotaryFrequencies.Plain(6), 4));
        (Tensor<double> plainCosines, Tensor<double> plainSines) = RotaryEmbedding.Tables<double>(3, 6);
        for (int position = 0; position < 3; position++)
        {
            Samples.AssertClose(Samples.Doubles(plainCosines.Slice(0, position, 1)), cosines.Slice(0, 4 * position, 1), 4, _ => 1);
            Samples.AssertClose(Samples.Doubles(plainSines.Slice(0, position, 1)), sines.Slice(0, 4 * position, 1), 4, _ => 1);
        }
    }

    // The published rule by wavelengths: short ones stay, long ones are divided, a smooth step between.
    [Fact]
    public void Llama_3s_are_those_of_its_rule_by_wavelengths()
    {
        double[] plain = RotaryFrequencies.Plain(128, 500_000), scaled = RotaryFrequencies.Llama3(plain, s_llama);
        int kept = 0, divided = 0;
        for (int pair = 0; pair < plain.Length; pair++)
        {
            double wavelength = 2 * Math.PI / plain[pair], smooth = (8192 / wavelength - 1) / (4 - 1);
            double expected = wavelength < 8192 / 4.0 ? plain[pair]
                : wavelength > 8192 ? plain[pair] / 8
                : (1 - smooth) * plain[pair] / 8 + smooth * plain[pair];
            Assert.Equal(expected, scaled[pair], 1e-15);
            kept += scaled[pair] == plain[pair] ? 1 : 0;
            divided += scaled[pair] == plain[pair] / 8 ? 1 : 0;
        }

        Assert.InRange(kept, 1, 40);
        Assert.InRange(divided, 1, 40);
        Assert.True(kept + divided < plain.Length);
    }

    [Fact]
    public void Tables_of_plain_frequencies_are_those_of_a_base()
    {
        (Tensor<float> cosines, Tensor<float> sines) = RotaryEmbedding.Tables<float>(50, RotaryFrequencies.Plain(10, 500));
        (Tensor<float> ofBase, Tensor<float> sinesOfBase) = RotaryEmbedding.Tables<float>(50, 10, 500);
        Assert.Equal(ofBase.Span.ToArray(), cosines.Span.ToArray());
        Assert.Equal(sinesOfBase.Span.ToArray(), sines.Span.ToArray());
    }

    [Fact]
    public void Numbers_that_make_no_sense_are_named()
    {
        Assert.Contains("width 3", Assert.Throws<ArgumentException>(() => RotaryFrequencies.Plain(3)).Message, StringComparison.Ordinal);
        Assert.Contains("theta -1", Assert.Throws<ArgumentException>(() => RotaryFrequencies.Plain(4, -1)).Message, StringComparison.Ordinal);
        Assert.Contains("factor", Assert.Throws<ArgumentException>(() => RotaryFrequencies.Linear([1], 0)).Message, StringComparison.Ordinal);
        Assert.Contains("not NaN", Assert.Throws<ArgumentException>(
            () => RotaryFrequencies.Llama3([1], s_llama with { Factor = double.NaN })).Message, StringComparison.Ordinal);
        Assert.Contains("below", Assert.Throws<ArgumentException>(
            () => RotaryFrequencies.Llama3([1], s_llama with { LowFrequencyFactor = 4 })).Message, StringComparison.Ordinal);
        Assert.Contains("positions", Assert.Throws<ArgumentException>(
            () => RotaryFrequencies.Llama3([1], s_llama with { OriginalPositions = 0 })).Message, StringComparison.Ordinal);
        Assert.Contains("-1 positions", Assert.Throws<ArgumentException>(
            () => RotaryEmbedding.Tables<float>(-1, RotaryFrequencies.Plain(4))).Message, StringComparison.Ordinal);
    }
}
