using System.Diagnostics;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Tensors.Threading;

[Collection("Alone")]
public class WorkersTests
{
    [Fact]
    public void The_number_of_threads_is_set_and_zero_means_all_processors()
    {
        int before = Workers.Count;
        try
        {
            Workers.Count = 3;
            Assert.Equal(3, Workers.Count);
            Workers.Count = 0;
            Assert.Equal(Environment.ProcessorCount, Workers.Count);
            Assert.Throws<ArgumentOutOfRangeException>(() => Workers.Count = -1);
            Assert.Throws<ArgumentOutOfRangeException>(() => Workers.Count = 1025);
        }
        finally
        {
            Workers.Count = before;
        }
    }

    [Fact]
    public void After_a_short_turn_of_others_the_next_may_come_at_once_and_after_a_long_one_not_for_fifty_times_as_long()
    {
        long millisecond = Stopwatch.Frequency / 1000;
        Assert.Equal(1000 + millisecond / 2, Workers.NextWay(1000, 1000 + millisecond / 2));
        Assert.Equal(1000 + 3 * millisecond + 150 * millisecond, Workers.NextWay(1000, 1000 + 3 * millisecond));
        Assert.Equal(3600 * Stopwatch.Frequency + Stopwatch.Frequency, Workers.NextWay(0, 3600 * Stopwatch.Frequency));
        for (int i = 0; i < 1000; i++)
            Workers.GiveWay(); // to nobody, or to whoever there is: it returns
    }
}
