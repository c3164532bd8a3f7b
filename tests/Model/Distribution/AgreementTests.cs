using MiniGpt.Model.Distribution;
using Xunit;

namespace MiniGpt.Tests.Model.Distribution;

public class AgreementTests
{
    [Fact]
    public void What_fails_on_one_rank_fails_on_all_and_the_first_says_whose_it_was()
    {
        string[] messages = ThreadRanks.Run(3, ranks => Assert.Throws<RankFailedException>(
            () => ranks.Reach<int>(() => ranks.Rank == 2 ? throw new IOException("no room") : 1)).Message);
        Assert.All(messages, message => Assert.Equal("rank 2 of 3: no room", message));
    }

    [Fact]
    public void The_first_rank_throws_what_it_found_itself()
    {
        string[] types = ThreadRanks.Run(2, ranks => Assert.ThrowsAny<Exception>(
            () => ranks.Reach<int>(() => ranks.Rank == 0 ? throw new ArgumentException("wrong") : 1)).GetType().Name);
        Assert.Equal([nameof(ArgumentException), nameof(RankFailedException)], types);
    }

    [Fact]
    public void What_goes_well_has_its_result_everywhere() => Assert.Equal([10, 11, 12], ThreadRanks.Run(3, ranks => ranks.Reach(() => 10 + ranks.Rank)));

    [Fact]
    public void What_differs_is_named_with_both_ranks()
    {
        string[] messages = ThreadRanks.Run(4, ranks => Assert.Throws<RankFailedException>(
            () => ranks.RequireSame("version", ranks.Rank == 3 ? "2.0" : "1.0", rank => $"rank {rank}")).Message);
        Assert.All(messages, message => Assert.Equal("rank 3 has version 2.0, rank 0 has 1.0: the same on all ranks expected", message));
        Assert.All(ThreadRanks.Run(2, ranks =>
        {
            ranks.RequireSame("version", "1.0", rank => $"rank {rank}");
            return ranks.Size;
        }), size => Assert.Equal(2, size));
    }

    [Fact]
    public void Texts_of_any_length_come_from_one_rank_and_from_all()
    {
        Assert.All(ThreadRanks.Run(3, ranks => (ranks.Broadcast(ranks.Rank == 1 ? "große Straße" : "", root: 1), string.Join('|', ranks.AllGather(new string('x', ranks.Rank))))),
            found => Assert.Equal(("große Straße", "|x|xx"), found));
        Assert.Equal("alone", OneRank.Instance.Broadcast("alone"));
    }
}
