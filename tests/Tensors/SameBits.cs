using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Tensors;

/// <summary>Results that must not depend on the number of threads. For tests of the collection "Alone".</summary>
internal static class SameBits
{
    /// <summary>Runs on one thread, on two and on three, and asserts that the results are equal.</summary>
    public static void AssertOnAnyNumberOfThreads<TResult>(Func<TResult> run)
    {
        int before = Workers.Count;
        try
        {
            Workers.Count = 1;
            TResult one = run();
            foreach (int threads in (ReadOnlySpan<int>)[2, 3])
            {
                Workers.Count = threads;
                Assert.Equal(one, run());
            }
        }
        finally
        {
            Workers.Count = before;
        }
    }
}
