using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class QuantisationLessonTests
{
    [Fact]
    public void Weights_are_whole_numbers_of_steps_and_the_largest_is_the_largest_whole_number()
    {
        LessonStage row = LessonResults.Stage("quantisation", "row");
        foreach ((int frame, string stop) in row.Slider!.Stops.Index())
        {
            decimal[] weights = [.. row.Row(0, frame).Select(weight => (decimal)weight)], rounded = [.. row.Row(1, frame).Select(weight => (decimal)weight)];
            decimal largest = stop switch { "8" => 127, "6" => 31, "5" => 15, "4" => 7, "3" => 3, "2" => 1, _ => throw new InvalidOperationException(stop) };
            decimal step = weights.Max(Math.Abs) / largest;
            Assert.All(weights.Zip(rounded), pair => Assert.Equal(step * Math.Round(pair.First / step, MidpointRounding.AwayFromZero), pair.Second, 12));
        }
    }

    [Fact]
    public void The_table_has_the_whole_numbers_and_what_they_leave()
    {
        LessonStage whole = LessonResults.Stage("quantisation", "whole");
        for (int frame = 0; frame < whole.Frames; frame++)
        {
            for (int row = 0; row < whole.Rows.Count; row++)
            {
                double[] cells = [.. whole.Row(row, frame)];
                Assert.Equal(Math.Round(cells[1]), cells[1]);
                Assert.Equal(cells[2] - cells[0], cells[3], 1e-15);
            }
        }
    }

    [Fact]
    public void Bits_halve_the_error_and_an_odd_weight_spoils_its_own_block_alone()
    {
        double[] errors = [.. LessonResults.Stage("quantisation", "error").Values]; // as powers of two, from 2 bits to 8
        Assert.All(errors.Skip(2).Zip(errors.Skip(3)), pair => Assert.Equal(-1, pair.Second - pair.First, 0.25));
        double[] outlier = [.. LessonResults.Stage("quantisation", "outlier").Values];
        Assert.True(outlier[1] > 4 * outlier[0]);
        Assert.Equal(outlier[2], outlier[3]);
    }

    [Theory]
    [InlineData(Language.English)]
    [InlineData(Language.Japanese)]
    public void Four_bits_say_nearly_the_same_and_two_do_not(Language language)
    {
        LessonStage next = LessonResults.Stage("quantisation", "next", language);
        double Furthest(int frame) => next.Row(0, frame).Zip(next.Row(1, frame), (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(Furthest(0), 0, 0.001); // 8
        Assert.InRange(Furthest(3), 0, 0.05); // 4
        Assert.True(Furthest(5) > 0.3); // 2
    }
}
