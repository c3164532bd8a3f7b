using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Tensors;

public class RandomStreamTests
{
    // Random123's known answers (kat_vectors, philox4x32 10).
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu,
        0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u,
        0xd16cfe09u, 0x94fdcceb, 0x5001e420u, 0x24126ea1u)]
    public void Philox_gives_the_published_answers(
        uint x, uint y, uint z, uint w, uint keyA, uint keyB, uint outX, uint outY, uint outZ, uint outW) =>
        Assert.Equal((outX, outY, outZ, outW), Philox.Block(x, y, z, w, keyA, keyB));

    [Fact]
    public void A_number_depends_on_its_index_and_not_on_the_order_of_asking()
    {
        RandomStream stream = new(7, RandomPurpose.Dropout, 3, 4);
        uint[] forward = [.. Enumerable.Range(0, 64).Select(i => stream.Bits((ulong)i))];
        uint[] backward = [.. Enumerable.Range(0, 64).Reverse().Select(i => stream.Bits((ulong)i)).Reverse()];
        Assert.Equal(forward, backward);
        Assert.Equal(64, forward.Distinct().Count());
    }

    [Fact]
    public void Every_seed_purpose_step_and_example_has_numbers_of_its_own()
    {
        HashSet<(uint, uint)> seen = [];
        int streams = 0;
        foreach (ulong seed in (ulong[])[0, 1, 2, ulong.MaxValue])
            foreach (RandomPurpose purpose in Enum.GetValues<RandomPurpose>())
                foreach (ulong step in (ulong[])[0, 1, 2, 1UL << 32, ulong.MaxValue])
                    foreach (ulong example in (ulong[])[0, 1, 2, 1UL << 32, ulong.MaxValue])
                    {
                        RandomStream stream = new(seed, purpose, step, example);
                        seen.Add((stream.Bits(0), stream.Bits(1)));
                        streams++;
                    }
        Assert.Equal(streams, seen.Count);
    }

    [Fact]
    public void Neighbouring_streams_are_uncorrelated()
    {
        const int count = 100_000;
        double sum = 0;
        for (ulong i = 0; i < count; i++)
        {
            double a = new RandomStream(1, RandomPurpose.Batches, i, 0).Uniform(0) - 0.5;
            double b = new RandomStream(1, RandomPurpose.Batches, i, 1).Uniform(0) - 0.5;
            sum += a * b * 12;
        }
        Assert.InRange(sum / count, -4 / Math.Sqrt(count), 4 / Math.Sqrt(count));
    }

    [Fact]
    public void Uniform_numbers_have_mean_a_half_and_variance_a_twelfth()
    {
        RandomStream stream = new(42, RandomPurpose.Sampling);
        double[] numbers = new double[200_000];
        stream.FillUniform<double>(numbers, 0, 1);
        Assert.All(numbers, number => Assert.InRange(number, 0, Math.BitDecrement(1.0)));
        (double mean, double variance) = Moments(numbers);
        Assert.Equal(0.5, mean, 0.003);
        Assert.Equal(1.0 / 12, variance, 0.001);
    }

    [Fact]
    public void Normal_numbers_have_the_mean_variance_and_tails_that_were_asked_for()
    {
        double[] numbers = new double[200_000];
        new RandomStream(42, RandomPurpose.Initialisation).FillNormal<double>(numbers, 3, 2);
        (double mean, double variance) = Moments(numbers);
        Assert.Equal(3, mean, 0.02);
        Assert.Equal(4, variance, 0.06);
        // 4.55 % of a normal distribution lies more than two standard deviations out.
        Assert.Equal(0.0455, numbers.Count(number => Math.Abs(number - 3) > 4) / (double)numbers.Length, 0.002);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(6)]
    [InlineData(7)]
    public void Filling_in_pieces_gives_what_filling_at_once_gives(int cut)
    {
        RandomStream stream = new(5, RandomPurpose.Initialisation);
        float[] whole = new float[13], pieces = new float[13];
        stream.FillNormal<float>(whole, 0, 1);
        stream.FillNormal(pieces.AsSpan(0, cut), 0, 1);
        stream.FillNormal(pieces.AsSpan(cut), 0, 1, (ulong)cut);
        Assert.Equal(whole, pieces);
    }

    [Fact]
    public void Floats_are_the_doubles_rounded()
    {
        RandomStream stream = new(5, RandomPurpose.Initialisation);
        float[] floats = new float[9];
        double[] doubles = new double[9];
        stream.FillNormal<float>(floats, 0, 0.02);
        stream.FillNormal<double>(doubles, 0, 0.02);
        Assert.Equal(Array.ConvertAll(doubles, number => (float)number), floats);
    }

    [Fact]
    public void Whole_numbers_below_a_bound_are_evenly_spread()
    {
        RandomStream stream = new(9, RandomPurpose.Batches);
        int[] counts = new int[7];
        for (ulong i = 0; i < 70_000; i++)
            counts[stream.Below(i, 7)]++;
        Assert.All(counts, count => Assert.InRange(count, 9_600, 10_400));
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Below(0, 0));
    }

    private static (double Mean, double Variance) Moments(double[] numbers)
    {
        double mean = numbers.Average();
        return (mean, numbers.Average(number => (number - mean) * (number - mean)));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 9)]
    [InlineData(3, 64)]
    [InlineData(6, 257)]
    [InlineData((1L << 34) - 37, 256)] // the number of a block outgrows its first word on the way
    public void Bits_filled_in_one_go_are_those_asked_for_one_by_one(long start, int count)
    {
        var stream = new RandomStream(7, RandomPurpose.Dropout, step: 3, example: 5);
        uint[] filled = new uint[count];
        stream.FillBits(filled, (ulong)start);
        Assert.Equal(Enumerable.Range(0, count).Select(i => stream.Bits((ulong)(start + i))), filled);
    }
}
