using System.Diagnostics;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Tensors.Threading;

[Collection("Alone")]
public class WorkersTests
{
    [Fact]
    public void Workers_that_have_nothing_to_do_take_no_processor_time()
    {
        int before = Workers.Count;
        using Process process = Process.GetCurrentProcess();
        try
        {
            Workers.Count = 4;

            // The quietest of some tries: the runtime has threads of its own, which compile and collect. Spinning, three workers would take
            // at least 300 ms of each. The system counts in hundredths of a second.
            double least = Enumerable.Range(0, 5).Min(_ => MillisecondsWhileIdle());
            Assert.InRange(least, 0, 20);
        }
        finally
        {
            Workers.Count = before;
        }

        double MillisecondsWhileIdle()
        {
            Workers.Run(1000, _ => Thread.SpinWait(100));
            process.Refresh();
            TimeSpan start = process.TotalProcessorTime;
            Thread.Sleep(300);
            process.Refresh();
            return (process.TotalProcessorTime - start).TotalMilliseconds;
        }
    }

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
}
