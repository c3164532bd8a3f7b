using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Tensors.Threading;

public class ShareTests
{
    [Fact]
    public void Claims_from_the_front_and_from_the_end_meet()
    {
        var share = new Share();
        Assert.True(share.IsEmpty);
        share.Fill(10, 14);
        Assert.Equal([10, 13, 11, 12], Claim(ref share, false, true, false, true));
        Assert.True(share.IsEmpty);
    }

    [Fact]
    public void The_largest_share_is_claimed_to_its_end()
    {
        var share = new Share();
        share.Fill(Share.MostChunks - 1, Share.MostChunks);
        Assert.Equal([Share.MostChunks - 1], Claim(ref share, true));
        Assert.True(share.IsEmpty);
    }

    [Fact]
    public void A_claim_of_an_older_job_fails_though_the_chunks_are_the_same()
    {
        var share = new Share();
        share.Fill(0, 1);
        long old = share.Read();
        Claim(ref share, false);
        share.Fill(0, 1);
        Assert.False(share.TryClaim(ref old, fromEnd: false, out _));
        Assert.True(share.TryClaim(ref old, fromEnd: false, out int chunk));
        Assert.Equal(0, chunk);
    }

    private static int[] Claim(ref Share share, params bool[] fromEnd)
    {
        var chunks = new int[fromEnd.Length];
        for (int i = 0; i < chunks.Length; i++)
        {
            long state = share.Read();
            Assert.True(share.TryClaim(ref state, fromEnd[i], out chunks[i]));
        }

        return chunks;
    }
}
