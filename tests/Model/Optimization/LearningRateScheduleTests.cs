using MiniGpt.Model.Optimization;
using Xunit;

namespace MiniGpt.Tests.Model.Optimization;

public class LearningRateScheduleTests
{
    // By hand: warm-up lr·(i+1)/101; half-way of the fall, at step 1050, the cosine is 0: (1e-3 + 1e-4)/2; a third of the way,
    // where the cosine is a half, 1e-4 + 0.75·9e-4.
    [Theory]
    [InlineData(ScheduleKind.Cosine, 0, 9.900990099009901e-6)]
    [InlineData(ScheduleKind.Cosine, 49, 4.9504950495049506e-4)]
    [InlineData(ScheduleKind.Cosine, 99, 9.900990099009901e-4)]
    [InlineData(ScheduleKind.Cosine, 100, 1e-3)]
    [InlineData(ScheduleKind.Cosine, 1050, 5.5e-4)]
    [InlineData(ScheduleKind.Cosine, 2000, 1e-4)]
    [InlineData(ScheduleKind.Cosine, 9999, 1e-4)]
    [InlineData(ScheduleKind.Linear, 99, 9.900990099009901e-4)]
    [InlineData(ScheduleKind.Linear, 100, 1e-3)]
    [InlineData(ScheduleKind.Linear, 575, 7.75e-4)]
    [InlineData(ScheduleKind.Linear, 2000, 1e-4)]
    [InlineData(ScheduleKind.Constant, 0, 9.900990099009901e-6)]
    [InlineData(ScheduleKind.Constant, 100, 1e-3)]
    [InlineData(ScheduleKind.Constant, 1999, 1e-3)]
    public void The_rate_is_the_one_computed_by_hand(ScheduleKind kind, long step, double expected) =>
        Assert.Equal(expected, new LearningRateSchedule(kind, 1e-3, 1e-4, 100, 2000).At(step), 1e-15);

    [Theory]
    [InlineData(ScheduleKind.Linear, 39, 1)]
    [InlineData(ScheduleKind.Linear, 40, 1)]
    [InlineData(ScheduleKind.Linear, 70, 0.55)]
    [InlineData(ScheduleKind.Linear, 100, 0.1)]
    [InlineData(ScheduleKind.Cosine, 70, 0.55)]
    public void With_a_decay_fraction_the_rate_stays_at_its_peak_until_the_last_part(ScheduleKind kind, long step, double expected) =>
        Assert.Equal(expected, new LearningRateSchedule(kind, Peak: 1, Minimum: 0.1, WarmupSteps: 10, Steps: 100, DecayFraction: 0.6).At(step), 1e-12);

    [Fact]
    public void A_third_of_the_way_the_cosine_is_a_half() =>
        Assert.Equal(7.75e-4, new LearningRateSchedule(ScheduleKind.Cosine, 1e-3, 1e-4, 0, 30).At(10), 1e-15);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(10, 10)]
    [InlineData(20, 10)]
    public void Every_rate_is_a_number_however_long_the_warm_up(int warmup, int steps)
    {
        foreach (ScheduleKind kind in Enum.GetValues<ScheduleKind>())
            for (int step = 0; step < 30; step++)
                Assert.InRange(new LearningRateSchedule(kind, 1e-3, 1e-4, warmup, steps).At(step), 1e-5, 1e-3);
    }
}
