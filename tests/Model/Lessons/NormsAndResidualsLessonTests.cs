using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class NormsAndResidualsLessonTests
{
    [Fact]
    public void Norms_bring_any_vector_to_one_size()
    {
        LessonStage norms = LessonResults.Stage("norms-and-residuals", "norms");
        for (int frame = 0; frame < norms.Frames; frame++)
        {
            double[] vector = [.. norms.Row(0, frame)], layer = [.. norms.Row(1, frame)], rms = [.. norms.Row(2, frame)];
            double mean = vector.Sum() / 8, variance = vector.Sum(x => x * x) / 8 - mean * mean;
            Assert.All(vector.Zip(layer), pair => Assert.Equal((pair.First - mean) / Math.Sqrt(variance + 1e-5), pair.Second, 1e-12));
            Assert.All(vector.Zip(rms), pair => Assert.Equal(pair.First / Math.Sqrt(variance + mean * mean + 1e-5), pair.Second, 1e-12));
            double[] measures = [.. LessonResults.Stage("norms-and-residuals", "measures").Row(1, frame)];
            Assert.Equal(0, measures[0], 1e-12);
            Assert.Equal(1, measures[1], 1e-3);
        }
    }

    [Fact]
    public void Replaced_a_vector_and_its_gradient_fade_added_they_stay()
    {
        LessonStage sizes = LessonResults.Stage("norms-and-residuals", "sizes"), gradients = LessonResults.Stage("norms-and-residuals", "gradients");
        Assert.Equal(["plain", "residual", "before", "after"], sizes.Columns);
        double[] top = [.. sizes.Row(24, frame: 1)], bottom = [.. gradients.Row(0, frame: 1)]; // weights of size 0.8, as powers of ten
        Assert.True(top[0] < -2 && bottom[0] < -2);
        Assert.All(top.Skip(1).Concat(bottom.Skip(1)), power => Assert.InRange(power, -1, 1.5));
        Assert.All(Enumerable.Range(1, 24), layer => Assert.Equal(0, sizes.Row(layer, frame: 1).Last(), 1e-3)); // normed after each
    }

    [Theory]
    [InlineData(Stacking.Plain)]
    [InlineData(Stacking.Residual)]
    [InlineData(Stacking.NormBefore)]
    [InlineData(Stacking.NormAfter)]
    public void The_gradient_is_the_slope_of_the_outcome(object way)
    {
        Stacking stacking = Assert.IsType<Stacking>(way);
        double[] input = [.. Enumerable.Range(0, DeepStack.Width).Select(i => Math.Sin(3 * i + 1))];
        double slope = (Outcome(1 + 1e-5) - Outcome(1 - 1e-5)) / 2e-5;
        Assert.Equal(slope, DeepStack.Run(stacking, 1, input).SlopeAlongInput, 1e-6);

        double Outcome(double factor) => DeepStack.Run(stacking, 1, [.. input.Select(x => x * factor)]).Outcome;
    }
}
