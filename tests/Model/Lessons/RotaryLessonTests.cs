using System.Numerics;
using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class RotaryLessonTests
{
    // Turning an arrow by an angle is multiplying by a complex number of length one.
    private static readonly Complex s_query = new(1.2, 0.5), s_key = new(0.9, -0.6);

    [Fact]
    public void Query_and_key_turn_by_one_radian_a_position()
    {
        LessonStage turn = LessonResults.Stage("rotary", "turn");
        for (int shift = 0; shift < turn.Frames; shift++)
        {
            Complex query = s_query * Complex.FromPolarCoordinates(1, 4 + shift), key = s_key * Complex.FromPolarCoordinates(1, 2 + shift);
            double[] expected = [1.2, 0.5, 0.9, -0.6, query.Real, query.Imaginary, key.Real, key.Imaginary];
            Assert.All(expected.Zip(Enumerable.Range(0, 4).SelectMany(row => turn.Row(row, shift))), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
        }
    }

    [Fact]
    public void Their_product_depends_on_the_distance_alone()
    {
        double expected = (s_query * Complex.FromPolarCoordinates(1, 2) * Complex.Conjugate(s_key)).Real;
        LessonStage product = LessonResults.Stage("rotary", "product");
        Assert.All(Enumerable.Range(0, product.Rows.Count), row => Assert.Equal(expected, product.Row(row).First(), 1e-12));
        Assert.True(Enumerable.Range(0, product.Rows.Count).Select(row => product.Row(row).Last()).Distinct().Count() > 10);
    }

    [Fact]
    public void Each_clock_says_the_cosine_of_its_angle()
    {
        LessonStage distance = LessonResults.Stage("rotary", "distance");
        for (int apart = 0; apart < distance.Rows.Count; apart++)
        {
            double[] clocks = [.. new[] { 1, 0.5, 0.25, 0.125 }.Select(speed => Math.Cos(apart * speed))];
            Assert.All(clocks.Append(clocks.Average()).Zip(distance.Row(apart)), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            Assert.True(apart == 0 || distance.Row(apart).Last() < 0.95);
        }
    }
}
