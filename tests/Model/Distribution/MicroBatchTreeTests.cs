using MiniGpt.Model.Distribution;
using Xunit;

namespace MiniGpt.Tests.Model.Distribution;

public class MicroBatchTreeTests
{
    [Theory]
    [InlineData(8, 1)]
    [InlineData(8, 2)]
    [InlineData(8, 4)]
    [InlineData(8, 8)]
    [InlineData(40, 8)]
    [InlineData(6, 4)]
    [InlineData(6, 2)]
    public void Ranks_that_are_a_power_of_two_own_one_subtree_each(int count, int ranks)
    {
        MicroBatches[] shares = [.. Enumerable.Range(0, ranks).Select(rank => MicroBatchTree.ShareOf(count, rank, ranks))];
        Assert.Equal(Enumerable.Range(0, count), shares.SelectMany(share => Enumerable.Range(share.First, share.Count)));
        Assert.All(shares, share => Assert.Equal([share], MicroBatchTree.Roots(count, share)));
    }

    [Fact]
    public void Any_ranks_have_at_most_one_micro_batch_more_than_they_must()
    {
        for (int count = 1; count <= 24; count++)
        {
            for (int ranks = 1; ranks <= count; ranks++)
            {
                MicroBatches[] shares = [.. Enumerable.Range(0, ranks).Select(rank => MicroBatchTree.ShareOf(count, rank, ranks))];
                Assert.Equal(Enumerable.Range(0, count), shares.SelectMany(share => Enumerable.Range(share.First, share.Count)));
                Assert.All(shares, share => Assert.InRange(share.Count, 1, (count + ranks - 1) / ranks));
                // The roots of all ranks are what the whole tree is made of.
                Assert.All(shares, share => Assert.Equal(
                    Enumerable.Range(share.First, share.Count), MicroBatchTree.Roots(count, share).SelectMany(root => Enumerable.Range(root.First, root.Count))));
            }
        }
    }

    [Fact]
    public void Each_micro_batch_but_the_first_completes_one_sum_on_average()
    {
        MicroBatches all = new(0, 8);
        Assert.Equal([0, 1, 0, 2, 0, 1, 0, 3], Enumerable.Range(0, 8).Select(i => MicroBatchTree.SumsCompletedBy(all, i)));
        Assert.Equal([0, 1, 1, 0, 2], Enumerable.Range(0, 5).Select(i => MicroBatchTree.SumsCompletedBy(new(0, 5), i)));
        Assert.Equal(0, MicroBatchTree.SumsCompletedBy(new(3, 4), 3));
    }

    [Fact]
    public void As_many_sums_wait_as_going_through_the_tree_keeps()
    {
        for (int count = 1; count < 70; count++)
        {
            int kept = 0, most = 0;
            for (int i = 0; i < count - 1; i++)
                most = Math.Max(most, kept += 1 - MicroBatchTree.SumsCompletedBy(new(0, count), i));
            Assert.Equal(most, MicroBatchTree.MostKept([new(0, count)]));
        }
        Assert.Equal(23, MicroBatchTree.MostKept([new(0, 10_000_000)]));
        Assert.Equal(2, MicroBatchTree.MostKept([new(1, 2), new(2, 3), new(3, 4)]));
    }
}
