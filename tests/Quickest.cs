using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests;

/// <summary>
/// Limits of time on a machine that others use too. Other work can only make a try slower, so the quickest of many counts, with pauses in
/// which the other work may end; a limit that is never kept fails. Limits are those of the machines that docs/performance.md names: a slower
/// one may take twice as long, since a test tells a program that became slow from one that did not, and no machine from another.
/// </summary>
internal static class Quickest
{
    private const int MostTries = 15;

    private const int SlowestMachine = 2;

    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    /// <summary>Tries until one takes no longer than the limit.</summary>
    public static void AssertWithin(TimeSpan limit, Action attempt) => AssertWithin(limit, () => Task.FromResult(TimeOf(attempt))).GetAwaiter().GetResult();

    /// <summary>The same for tries that know better than the clock around them how long they took.</summary>
    public static async Task AssertWithin(TimeSpan limit, Func<Task<TimeSpan>> attempt)
    {
        TimeSpan quickest = TimeSpan.MaxValue, most = limit * SlowestMachine;
        for (int tries = 1; ; tries++)
        {
            TimeSpan time = await attempt();
            quickest = time < quickest ? time : quickest;
            if (quickest <= most || tries == MostTries)
                break;
            await Task.Delay(s_pause);
        }
        Assert.InRange(quickest, TimeSpan.Zero, most);
    }

    private static TimeSpan TimeOf(Action attempt)
    {
        long start = Stopwatch.GetTimestamp();
        attempt();
        return Stopwatch.GetElapsedTime(start);
    }
}
