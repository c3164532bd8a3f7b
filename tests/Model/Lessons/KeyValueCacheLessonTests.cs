using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class KeyValueCacheLessonTests
{
    [Fact]
    public void Without_memory_a_triangle_is_computed_with_it_a_diagonal()
    {
        Assert.Equal(8 * 9 / 2, LessonResults.Stage("kv-cache", "without").Values.Count(value => value == 1));
        Assert.Equal(8, LessonResults.Stage("kv-cache", "with").Values.Count(value => value == 1));
        Assert.Equal(8 * 7 / 2, LessonResults.Stage("kv-cache", "with").Values.Count(value => value == -1));
    }

    [Fact]
    public void Multiplications_are_those_of_the_matrices_and_of_what_is_looked_at()
    {
        // 64 wide, four heads of 16 with two of keys, 192 in between, three layers, 64 tokens to choose from; norms multiply as well.
        long weights = 3 * (64 * (64 + 2 * 32) + 64 * 64 + 3 * 64 * 192 + 2 * 64) + 64 + 64 * 64;
        static long Seen(int place) => 3 * 2 * 64 * place;
        LessonStage products = LessonResults.Stage("kv-cache", "products");
        for (int row = 0; row < products.Rows.Count; row++)
        {
            int tokens = 8 * (row + 1);
            double[] expected = [Enumerable.Range(1, tokens).Sum(place => weights + Seen(place)) / 1e6, (weights + Seen(tokens)) / 1e6];
            Assert.All(expected.Zip(products.Row(row)), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        }
    }

    [Fact]
    public void The_memory_of_a_token_is_a_key_and_a_value_in_each_layer() =>
        Assert.Equal([192, 1.5, 16 * 192, 24, 128 * 192, 192], LessonResults.Stage("kv-cache", "memory").Values); // 2 · 3 · 2 · 16 numbers
}
