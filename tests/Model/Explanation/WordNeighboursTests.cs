using System.Text;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

public class WordNeighboursTests
{
    private static readonly WordVectors s_vectors = new(
        [.. "man woman king queen apple nothing King".Split(' ').Select(Encoding.UTF8.GetBytes)],
        Tensor<float>.From(
            [
                1, 0, 0,
                0, 1, 0,
                1, 0, 1,
                0, 1, 1.1f,
                -1, -1, 0.1f,
                0, 0, 0,
                5, 0, 4,
            ],
            [7, 3]));

    private readonly WordNeighbours _neighbours = new(s_vectors);

    [Fact]
    public void Neighbours_are_sorted_by_the_cosine_whatever_their_lengths_and_the_word_itself_is_none()
    {
        IReadOnlyList<Neighbour> found = _neighbours.Near("king", 3);
        Assert.Equal(["King", "man", "queen"], Words(found));
        Assert.Equal(9 / Math.Sqrt(2 * 41), found[0].Cosine, 1e-6);
        Assert.Equal(1 / Math.Sqrt(2), found[1].Cosine, 1e-6);
        Assert.Equal(1.1 / Math.Sqrt(2 * (1 + 1.21)), found[2].Cosine, 1e-6);
    }

    [Fact]
    public void All_words_but_one_are_neighbours_where_more_are_asked_for()
    {
        IReadOnlyList<Neighbour> found = _neighbours.Near("king", 100);
        Assert.Equal(6, found.Count);
        Assert.Equal("apple", Words(found)[^1]);
    }

    [Fact]
    public void A_word_without_a_direction_is_near_to_nothing() => Assert.All(_neighbours.Near("nothing", 3), neighbour => Assert.Equal(0, neighbour.Cosine));

    [Fact]
    public void King_without_man_and_with_woman_is_queen()
    {
        IReadOnlyList<Neighbour> found = _neighbours.Analogy("king", "man", "woman", 2);
        Assert.Equal("queen", Words(found)[0]);
        // (1, 0, 1)/√2 − (1, 0, 0) + (0, 1, 0), and (0, 1, 1.1).
        double half = 1 / Math.Sqrt(2), x = half - 1;
        Assert.Equal((1 + 1.1 * half) / Math.Sqrt((x * x + 1 + 0.5) * (1 + 1.21)), found[0].Cosine, 1e-6);
        Assert.DoesNotContain(Words(_neighbours.Analogy("king", "man", "woman", 7)), word => word is "king" or "man" or "woman");
    }

    [Fact]
    public void The_cosine_of_two_words_is_that_of_their_angle() => Assert.Equal(1 / Math.Sqrt(2), _neighbours.Cosine("man", "king"), 1e-6);

    [Theory]
    [InlineData("quen", "'quen' is not among the 7 words; 'queen' is")]
    [InlineData("WOMAN", "'WOMAN' is not among the 7 words; 'woman' is")]
    [InlineData("zebra", "'zebra' is not among the 7 words; none is spelled alike")]
    [InlineData("", "'' is not among the 7 words; none is spelled alike")]
    public void A_word_that_is_not_there_is_named_with_one_that_is_spelled_alike(string word, string message) =>
        Assert.Equal(message, Assert.Throws<ArgumentException>(() => _neighbours.Near(word, 3)).Message);

    private static string[] Words(IReadOnlyList<Neighbour> found) => [.. found.Select(neighbour => s_vectors.TextOf(neighbour.Id))];
}
