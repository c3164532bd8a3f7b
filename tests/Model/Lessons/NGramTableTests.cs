using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class NGramTableTests
{
    // Twelve characters of three kinds: a follows b always, b or c follow a.
    private const string Text = "ababacababac";

    [Fact]
    public void Probabilities_are_counts_with_five_imagined_observations_of_the_shorter_context()
    {
        NGramTable zero = NGramTable.Count(Text, 0, shorter: null), one = NGramTable.Count(Text, 1, zero);
        // 6 a, 4 b, 2 c among 12; below that 1/3 each.
        double b = (4 + 5 / 3.0) / 17;
        Assert.Equal(b, zero.Probability("", 'b'), 1e-15);
        // After a: 4 b and 2 c.
        Assert.Equal((4 + 5 * b) / 11, one.Probability("xa", 'b'), 1e-15);
    }

    [Fact]
    public void A_context_that_never_came_says_what_the_shorter_one_says()
    {
        NGramTable zero = NGramTable.Count(Text, 0, shorter: null), one = NGramTable.Count(Text, 1, zero), two = NGramTable.Count(Text, 2, one);
        Assert.Equal(one.Probability("b", 'a'), two.Probability("bb", 'a'));
        Assert.Equal(1, two.Sum("bb"), 1e-12);
    }

    [Fact]
    public void The_loss_is_the_mean_surprise()
    {
        NGramTable zero = NGramTable.Count(Text, 0, shorter: null);
        double expected = -(Math.Log(zero.Probability("", 'b')) + Math.Log(zero.Probability("", 'c'))) / 2;
        Assert.Equal(expected, zero.Loss("abc"), 1e-15);
        Assert.Equal("abc", new string([.. zero.Likeliest("", 3).Select(next => next.Character)]));
    }
}
