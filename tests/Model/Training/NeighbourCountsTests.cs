using MiniGpt.Model.Data;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public class NeighbourCountsTests
{
    // 0 stands most often, 1 between 2 and 3, 4 after 2 but before another.
    private static readonly int[] s_text = [0, 0, 2, 1, 3, 0, 0, 2, 1, 3, 0, 2, 4, 0, 2, 4, 0, 2, 4, 0, 5];

    private static readonly NeighbourCounts s_counts = new(TokenSource.FromIds(s_text, 6), 6, TestContext.Current.CancellationToken);

    [Fact]
    public void By_frequency_the_most_frequent_token_comes_first()
    {
        int[] counts = [.. Enumerable.Range(0, 6).Select(id => s_text.Count(other => other == id))];
        for (int id = 0; id < counts.Length; id++)
            Assert.Equal(counts.Count(other => other > counts[id]), s_counts.RankByFrequency(id));
        Assert.Equal(0, s_counts.RankByFrequency(0));
    }

    [Fact]
    public void Between_two_neighbours_comes_first_what_stood_there()
    {
        Assert.Equal(0, s_counts.RankBetween(2, 1, 3));
        Assert.Equal(1, s_counts.RankBetween(2, 4, 3)); // it follows 2 more often than 1 does, but never before 3
        Assert.Equal(0, s_counts.RankBetween(2, 4, NeighbourCounts.Unknown));
        Assert.Equal(0, s_counts.RankBetween(NeighbourCounts.Unknown, 0, 3));
    }

    [Fact]
    public void Ranks_are_those_of_the_probabilities_written_out()
    {
        for (int left = 0; left < 6; left++)
        {
            for (int right = 0; right < 6; right++)
            {
                double[] probabilities = [.. Enumerable.Range(0, 6).Select(id => Probability(left, id, right))];
                for (int id = 0; id < 6; id++)
                {
                    int better = probabilities.Count(other => other > probabilities[id] + 1e-12);
                    Assert.InRange(s_counts.RankBetween(left, id, right), better, better + probabilities.Count(other => Math.Abs(other - probabilities[id]) <= 1e-12) - 1);
                }
            }
        }
    }

    private static double Probability(int left, int id, int right)
    {
        const double strength = 5;
        int[] places = [.. Enumerable.Range(0, s_text.Length)];
        double frequency = places.Count(i => s_text[i] == id) / (double)s_text.Length;
        int[] followers = [.. places.Where(i => i > 0 && s_text[i - 1] == left)];
        double following = (followers.Count(i => s_text[i] == id) + strength * frequency) / (followers.Length + strength);
        int[] between = [.. followers.Where(i => i + 1 < s_text.Length && s_text[i + 1] == right)];
        return (between.Count(i => s_text[i] == id) + strength * following) / (between.Length + strength);
    }
}
