using MiniGpt.Model.Generation;
using MiniGpt.Tensors;
using MiniGpt.Tests.Reference;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

public class SamplerTests
{
    private const int Draws = 100_000;

    private static readonly int[] s_text = [3, 1, 4, 1, 5, 9, 2, 6];

    public static TheoryData<SamplingOptions> Settings => new()
    {
        new SamplingOptions { Temperature = 1 },
        new SamplingOptions { Temperature = 0.8, TopK = 10 },
        new SamplingOptions { Temperature = 1.5, TopP = 0.9 },
        new SamplingOptions { Temperature = 1, MinP = 0.05 },
        new SamplingOptions { Temperature = 0.7, RepetitionPenalty = 1.3 },
        new SamplingOptions { Temperature = 1.2, TopK = 40, TopP = 0.95, MinP = 0.02, RepetitionPenalty = 1.1 },
        new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 },
    };

    [Fact]
    public void What_was_drawn_is_penalised_once_for_being_there_and_once_for_each_time()
    {
        // Of the prompt nothing is: only what was drawn counts.
        Assert.Equal([1, 0, 1, 0, 2, 1], Drawn(new SamplingOptions { Temperature = 0, FrequencyPenalty = 0.3 }));
        Assert.Equal([1, 0, 2, 1, 1, 1], Drawn(new SamplingOptions { Temperature = 0, PresencePenalty = 0.9 }));
        Assert.Equal([2, 2, 2, 2, 2, 2], Drawn(new SamplingOptions { Temperature = 0, PresencePenalty = -2, Bias = new Dictionary<int, double> { [2] = 0.6, [7] = 9 } }));

        static int[] Drawn(SamplingOptions options)
        {
            Sampler sampler = new(options);
            sampler.Remember(1);
            return [.. Enumerable.Range(0, 6).Select(_ => sampler.Choose<double>([0.9, 1.0, 0.5], 0))];
        }
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void A_hundred_thousand_draws_pass_a_chi_square_test(SamplingOptions options)
    {
        double[] logits = Logits(1, 97);
        double[] expected = PlainSampling.Probabilities(logits, options, s_text);
        var random = new RandomStream(seed: 7, RandomPurpose.Sampling);
        int[] counts = new int[logits.Length];
        Sampler sampler = NewSampler(options);
        for (int draw = 0; draw < Draws; draw++)
        {
            // A sampler remembers what it chose, and each draw is to be the first of its text.
            sampler = options.RepetitionPenalty == 1 ? sampler : NewSampler(options);
            counts[sampler.Choose<double>(logits, random.Uniform((ulong)draw))]++;
        }

        Assert.All(counts.Index().Where(bin => expected[bin.Index] == 0), bin => Assert.Equal(0, bin.Item));
        Assert.InRange(ChiSquare(expected, counts, out int degrees), 0, Quantile(degrees));
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Exactly_the_tokens_of_a_plain_reference_are_kept_with_its_probabilities(SamplingOptions options)
    {
        foreach (int size in (int[])[10, 65, 500, 5000])
        {
            for (ulong seed = 0; seed < 20; seed++)
            {
                double[] logits = Logits(seed, size);
                double[] expected = PlainSampling.Probabilities(logits, options, s_text);
                double[] actual = Sampler.Probabilities<double>(logits, options, s_text);
                Assert.Equal(expected.Select(p => p > 0), actual.Select(p => p > 0));
                Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(12)]
    [InlineData(13)]
    public void Of_equal_logits_the_smaller_ids_are_kept(int k)
    {
        double[] logits = [1, 2, 1, 2, 1, 3, 2, 1, 3, 2, 1, 1];
        SamplingOptions options = new() { Temperature = 1, TopK = k };
        int[] expected = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(k).Order()];
        double[] actual = Sampler.Probabilities<double>(logits, options);
        Assert.Equal(expected, Enumerable.Range(0, logits.Length).Where(id => actual[id] > 0));
    }

    [Theory]
    [InlineData(0.5, 2)]
    [InlineData(0.51, 3)]
    [InlineData(0.25, 1)]
    [InlineData(1e-9, 1)]
    [InlineData(1, 4)]
    public void Top_p_keeps_the_fewest_tokens_that_reach_it(double topP, int kept)
    {
        double[] actual = Sampler.Probabilities<double>([0, 0, 0, 0], new SamplingOptions { Temperature = 1, TopP = topP });
        Assert.Equal(Enumerable.Range(0, 4).Select(id => id < kept ? 1.0 / kept : 0), actual);
    }

    [Fact]
    public void Values_that_are_all_equal_and_many_are_selected_quickly()
    {
        double[] logits = new double[50257];
        SamplingOptions options = new() { Temperature = 1, TopK = 100, TopP = 0.5 };
        Assert.Equal(50, Sampler.Probabilities<double>(logits, options).Count(p => p > 0));
    }

    [Fact]
    public void Temperature_zero_takes_the_likeliest_token_and_of_equal_ones_the_first()
    {
        Assert.Equal(1, new Sampler(new SamplingOptions { Temperature = 0 }).Choose<float>([0, 5, 5, -1], 0.99));
    }

    [Fact]
    public void The_smallest_temperature_is_as_good_as_zero()
    {
        double[] actual = Sampler.Probabilities<double>([0, 700, 5, -700], new SamplingOptions { Temperature = double.Epsilon });
        Assert.Equal([0, 1, 0, 0], actual);
    }

    [Fact]
    public void What_was_chosen_gets_the_penalty_once_however_often_it_was_chosen()
    {
        Sampler sampler = new(new SamplingOptions { Temperature = 0, RepetitionPenalty = 2 });
        sampler.Remember(0);
        sampler.Remember(0);
        Assert.Equal(0, sampler.Choose<float>([4, 1.5f, -1], 0));
        Assert.Equal(1, sampler.Choose<float>([2.5f, 1.5f, -1], 0));
        Assert.Equal(0, sampler.Choose<float>([2.5f, 1.5f, -1], 0));
        Assert.Equal(2, sampler.Choose<float>([-1, -1, -1.5f], 0));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Logits_that_are_no_numbers_are_refused(float broken)
    {
        Sampler sampler = new(new SamplingOptions());
        Assert.Contains("weights are broken", Assert.Throws<ArgumentException>(() => sampler.Choose<float>([1, broken, 2], 0.5)).Message);
        Assert.Throws<ArgumentException>(() => sampler.Choose<float>([float.NegativeInfinity], 0.5));
    }

    public static TheoryData<SamplingOptions, string> Nonsense => new()
    {
        { new SamplingOptions { Temperature = -0.1 }, "the temperature must be a number from 0 up, it is -0.1" },
        { new SamplingOptions { Temperature = double.NaN }, "the temperature must be a number from 0 up, it is NaN" },
        { new SamplingOptions { TopK = 0 }, "top-k must be at least 1, it is 0" },
        { new SamplingOptions { TopP = 0 }, "top-p must be greater than 0 and at most 1, it is 0" },
        { new SamplingOptions { TopP = 1.1 }, "top-p must be greater than 0 and at most 1, it is 1.1" },
        { new SamplingOptions { MinP = -1 }, "min-p must be from 0 to 1, it is -1" },
        { new SamplingOptions { RepetitionPenalty = 0 }, "the repetition penalty must be greater than 0, it is 0" },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void A_number_that_makes_no_sense_is_refused_with_the_allowed_range(SamplingOptions options, string message)
    {
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => new Sampler(options)).Message);
    }

    private static Sampler NewSampler(SamplingOptions options)
    {
        Sampler sampler = new(options);
        foreach (int id in s_text)
            sampler.Remember(id);
        return sampler;
    }

    private static double[] Logits(ulong seed, int count)
    {
        double[] logits = new double[count];
        new RandomStream(seed, RandomPurpose.Evaluation).FillNormal(logits, 0, 2);
        return logits;
    }

    /// <summary>Σ (observed − expected)² / expected, what is expected less than five times taken together.</summary>
    private static double ChiSquare(double[] expected, int[] counts, out int degrees)
    {
        double sum = 0, rareExpected = 0;
        int rare = 0, bins = 0;
        for (int id = 0; id < expected.Length; id++)
        {
            double mean = expected[id] * Draws;
            if (mean < 5)
            {
                (rareExpected, rare) = (rareExpected + mean, rare + counts[id]);
                continue;
            }

            sum += (counts[id] - mean) * (counts[id] - mean) / mean;
            bins++;
        }

        if (rareExpected > 5)
        {
            sum += (rare - rareExpected) * (rare - rareExpected) / rareExpected;
            bins++;
        }

        degrees = Math.Max(1, bins - 1);
        return sum;
    }

    /// <summary>What a right sampler exceeds once in a hundred times (Wilson and Hilferty 1931).</summary>
    private static double Quantile(int degrees)
    {
        double width = 2.0 / (9 * degrees);
        return degrees * Math.Pow(1 - width + 2.326 * Math.Sqrt(width), 3);
    }
}
