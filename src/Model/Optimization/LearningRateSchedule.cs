using System.Text.Json.Serialization;

namespace MiniGpt.Model.Optimization;

/// <summary>How the learning rate falls after the warm-up.</summary>
[JsonConverter(typeof(NameConverter<ScheduleKind>))]
public enum ScheduleKind
{
    /// <summary>Along half a cosine wave.</summary>
    [JsonStringEnumMemberName("cosine")] Cosine,

    /// <summary>Along a straight line.</summary>
    [JsonStringEnumMemberName("linear")] Linear,

    /// <summary>Not at all.</summary>
    [JsonStringEnumMemberName("constant")] Constant,
}

/// <summary>
/// The learning rate of each step, as in nanoGPT: a linear warm-up, then, at once or after a while, a fall from the peak to the minimum, which is
/// reached when <paramref name="Steps"/> steps are done.
/// </summary>
/// <param name="Kind">How it falls.</param>
/// <param name="Peak">The learning rate after the warm-up.</param>
/// <param name="Minimum">The learning rate at the end. A constant schedule has no use for it.</param>
/// <param name="WarmupSteps">How many steps the warm-up takes.</param>
/// <param name="Steps">How many steps there are in all.</param>
/// <param name="DecayFraction">The share of the steps, at their end, in which it falls; before that it stays at the peak. 1: all of them.</param>
public sealed record LearningRateSchedule(ScheduleKind Kind, double Peak, double Minimum, long WarmupSteps, long Steps, double DecayFraction = 1)
{
    /// <summary>The learning rate of a step, counted from 0.</summary>
    public double At(long step)
    {
        if (step < WarmupSteps)
            return Peak * (step + 1) / (WarmupSteps + 1);
        if (Kind == ScheduleKind.Constant)
            return Peak;
        if (step >= Steps)
            return Minimum;
        double start = Math.Max(WarmupSteps, Steps - DecayFraction * Steps);
        if (step <= start && DecayFraction < 1)
            return Peak;
        double done = (step - start) / (Steps - start);
        double remaining = Kind == ScheduleKind.Cosine ? 0.5 * (1 + Math.Cos(Math.PI * done)) : 1 - done;
        return Minimum + remaining * (Peak - Minimum);
    }
}
