using MiniGpt.Cluster;
using Xunit;

namespace MiniGpt.Tests.Cluster;

public class CoresTests
{
    [Theory]
    [InlineData(8, 2)]
    [InlineData(8, 3)]
    [InlineData(2, 2)]
    [InlineData(64, 5)]
    public void Ranks_share_all_processors_and_none_twice(int processors, int ranks)
    {
        (int First, int End)[] shares = [.. Enumerable.Range(0, ranks).Select(rank => Cores.ShareOf(processors, (rank, ranks)))];
        Assert.Equal(Enumerable.Range(0, processors), shares.SelectMany(share => Enumerable.Range(share.First, share.End - share.First)));
        Assert.All(shares, share => Assert.InRange(share.End - share.First, processors / ranks, processors / ranks + 1));
    }

    [Fact]
    public void More_ranks_than_processors_have_a_thread_each_and_one_alone_has_all()
    {
        Assert.Equal(1, Cores.Take((3, Environment.ProcessorCount + 4)));
        Assert.Equal(Environment.ProcessorCount, Cores.Take((0, 1)));
    }
}
