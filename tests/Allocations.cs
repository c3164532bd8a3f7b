using Xunit;

namespace MiniGpt.Tests;

/// <summary>
/// What allocates nothing on the managed heap. The runtime itself allocates when it recompiles a method, which ends: so the first of many
/// tries that allocates nothing counts, and what allocates every time fails.
/// </summary>
internal static class Allocations
{
    private const int MostTries = 200;

    /// <summary>Tries until nothing is allocated on this thread.</summary>
    public static void AssertNone(Action attempt)
    {
        long allocated = long.MaxValue;
        for (int tries = 0; tries < MostTries && allocated > 0; tries++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            attempt();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, allocated);
    }
}
