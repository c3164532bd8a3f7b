using System.Runtime.InteropServices;
using MiniGpt.Model.Data;

namespace MiniGpt.Model.Distribution;

/// <summary>Losses of many batches, each computed by one of the ranks and then known to all: what is made of them is the same on any number.</summary>
internal static class SharedLosses
{
    /// <summary>The losses, in the order of the batches.</summary>
    /// <param name="ranks">Who computes them, each some that follow each other.</param>
    /// <param name="count">How many batches there are.</param>
    /// <param name="loss">Computes the loss of a batch.</param>
    /// <param name="progress">Is told before each batch of this rank how far that is; null where nobody wants to know.</param>
    public static double[] Of(ICollective ranks, int count, Func<int, double> loss, IProgress<DataProgress>? progress)
    {
        double[] losses = new double[count];
        (int first, int end) = ShareOf(ranks.Rank);
        for (int batch = first; batch < end; batch++)
        {
            progress?.Report(new DataProgress("evaluating", batch - first, end - first));
            losses[batch] = loss(batch);
        }
        if (ranks.Size == 1)
            return losses;

        int most = (count + ranks.Size - 1) / ranks.Size;
        double[] own = new double[most], all = new double[most * ranks.Size];
        losses.AsSpan(first, end - first).CopyTo(own);
        ranks.AllGather(MemoryMarshal.AsBytes<double>(own), MemoryMarshal.AsBytes(all.AsSpan()));
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            (first, end) = ShareOf(rank);
            all.AsSpan(rank * most, end - first).CopyTo(losses.AsSpan(first));
        }
        return losses;

        (int First, int End) ShareOf(int rank) => ((int)((long)count * rank / ranks.Size), (int)((long)count * (rank + 1) / ranks.Size));
    }
}
