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
}
