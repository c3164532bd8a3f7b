using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class SamplingLessonTests
{
    // e^3, e^2.6, e^1.8, … to 17 digits, by hand.
    private static readonly double[] s_powers =
    [
        20.085536923187668, 13.463738035001692, 6.0496474644129465, 4.0551999668446754, 2.4596031111569498,
        1.4918246976412703, 0.67032004603563933, 0.30119421191220214, 0.13533528323661270, 0.074273578214333882,
    ];

    [Fact]
    public void Probabilities_are_powers_of_e_over_their_sum()
    {
        double sum = s_powers.Sum();
        AssertClose(s_powers.Select(power => power / sum), Frame("probabilities", ""));
        AssertClose(s_powers.Select(power => power / sum), Frame("temperature", "1"));
    }

    [Fact]
    public void Half_the_temperature_squares_and_twice_takes_the_root()
    {
        AssertClose(Shares(s_powers.Select(power => power * power)), Frame("temperature", "0.5"));
        AssertClose(Shares(s_powers.Select(Math.Sqrt)), Frame("temperature", "2"));
        Assert.Equal([1, .. new double[9]], Frame("temperature", "0"));
    }

    [Fact]
    public void What_is_cut_is_zero_and_the_rest_shares_everything()
    {
        AssertClose(Shares(s_powers.Select((power, place) => place < 3 ? power : 0)), Frame("top-k", "3"));
        // 0.4117 + 0.2760 is under 0.7, with 0.1240 it is over.
        AssertClose(Shares(s_powers.Select((power, place) => place < 3 ? power : 0)), Frame("top-p", "0.7"));
        // 4.0552 / 20.0855 = 0.2019, 2.4596 / 20.0855 = 0.1225.
        AssertClose(Shares(s_powers.Select((power, place) => place < 4 ? power : 0)), Frame("min-p", "0.2"));
        AssertClose(Shares(s_powers), Frame("min-p", "0"));
    }

    [Fact]
    public void Top_k_keeps_as_many_everywhere_and_the_others_follow_the_model() =>
        Assert.Equal([5, 5, 5, 1, 5, 9, 1, 5, 10], LessonResults.Stage("sampling", "kept").Values);

    private static IEnumerable<double> Frame(string key, string stop)
    {
        LessonStage stage = LessonResults.Stage("sampling", key);
        int frame = stage.Slider is { } slider ? slider.Stops.Index().Single(found => found.Item == stop).Index : 0;
        return stage.Row(0, frame);
    }

    private static double[] Shares(IEnumerable<double> weights)
    {
        double[] all = [.. weights];
        return [.. all.Select(weight => weight / all.Sum())];
    }

    private static void AssertClose(IEnumerable<double> expected, IEnumerable<double> actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
}
