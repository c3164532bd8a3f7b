using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class TrainingProgressTests
{
    [Fact]
    public void Averages_of_equal_steps_are_their_numbers_from_the_first_on()
    {
        TrainingProgress progress = new(10);
        for (int step = 1; step <= 3; step++)
        {
            progress.Add(Step(step, loss: 2.5));
            Assert.Equal(2.5, progress.Loss, 1e-12);
            Assert.Equal(1000, progress.TokensPerSecond, 1e-9);
            Assert.Equal(0.5, progress.Mfu, 1e-12);
        }
        Assert.Equal(0.3, progress.Share, 1e-12);
    }

    [Fact]
    public void A_step_that_was_passed_over_counts_as_done_and_is_in_no_average()
    {
        TrainingProgress plain = new(10), skipping = new(10);
        int taken = 0;
        for (int step = 1; step <= 9; step++)
        {
            if (step is 1 or 4 or 5)
            {
                skipping.Add(PassedOver(step));
                continue;
            }
            plain.Add(Step(++taken, loss: 10 - step));
            skipping.Add(Step(step, loss: 10 - step));
        }
        Assert.Equal((plain.Loss, plain.TokensPerSecond, plain.Mfu), (skipping.Loss, skipping.TokensPerSecond, skipping.Mfu));
        Assert.Equal(plain.Curve(80), skipping.Curve(80));
        Assert.Equal((9, 0.9), (skipping.Last.Step, skipping.Share));
    }

    [Fact]
    public void A_run_of_which_every_step_was_passed_over_has_an_empty_curve()
    {
        TrainingProgress progress = new(10);
        progress.Add(PassedOver(1));
        Assert.Empty(progress.Curve(80));
        Assert.Equal(0.1, progress.Share, 1e-12);
    }

    [Fact]
    public void A_curve_of_any_length_fits_from_its_first_step_to_its_last()
    {
        TrainingProgress progress = new(5000);
        for (int step = 1; step <= 5000; step++)
            progress.Add(Step(step, loss: 5000 - step));
        double[] heights = progress.Curve(80);
        Assert.Equal(80, heights.Length);
        Assert.Equal((1.0, 0.0), (heights[0], heights[^1]));
        Assert.Equal(heights.OrderDescending(), heights);
    }

    private static StepMetrics Step(int step, double loss) => new(step, step * 8L, loss, 1e-3, 1, 8, 1000, 0.5);

    /// <summary>What a run reports of a step whose loss or gradient was not finite.</summary>
    private static StepMetrics PassedOver(int step) => new(step, step * 8L, double.NaN, 1e-3, double.NaN, 0, 0, 0);
}
