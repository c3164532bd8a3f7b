using System.Numerics;
using System.Runtime.InteropServices;
using MiniGpt.Tensors;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// The few numbers of a step that all ranks have to know: the loss of each micro-batch, the norm of the gradient, and whether somebody wants
/// to stop. They travel together, and are added up in the same order on every rank.
/// </summary>
internal sealed class StepSummary
{
    private readonly ICollective _ranks;
    private readonly Ownership _ownership;
    private readonly MicroBatches[] _shares;
    private readonly int _mostLosses;
    private readonly double[] _own, _all;
    private readonly int[] _taken;
    private readonly int[] _owners; // of each chunk

    /// <summary>Makes one for the steps of a run.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="ownership">Which rank computes which chunks of the norm.</param>
    /// <param name="count">The micro-batches of a step.</param>
    public StepSummary(ICollective ranks, Ownership ownership, int count)
    {
        (_ranks, _ownership) = (ranks, ownership);
        _shares = [.. Enumerable.Range(0, ranks.Size).Select(rank => MicroBatchTree.ShareOf(count, rank, ranks.Size))];
        _mostLosses = _shares.Max(share => share.Count);
        int mostChunks = Enumerable.Range(0, ranks.Size).Max(rank => ownership.Chunks(rank).Count);
        _own = new double[1 + _mostLosses + mostChunks];
        _all = new double[_own.Length * ranks.Size];
        _taken = new int[ranks.Size];
        _owners = new int[Enumerable.Range(0, ranks.Size).Sum(rank => ownership.Chunks(rank).Count)];
        for (int rank = 0; rank < ranks.Size; rank++)
        {
            foreach (int chunk in ownership.Chunks(rank))
                _owners[chunk] = rank;
        }
    }

    /// <summary>Whether this rank was asked to stop.</summary>
    public bool WantsToStop { get; set; }

    /// <summary>Whether any rank was, as all ranks know since the last exchange.</summary>
    public bool SomebodyWantsToStop { get; private set; }

    /// <summary>Exchanges the numbers.</summary>
    /// <param name="gradients">The gradients, the sums where this rank needs them.</param>
    /// <param name="losses">The loss of each micro-batch: those of this rank's are read, the others written.</param>
    /// <returns>The norm of the gradient.</returns>
    public double Exchange<T>(Tensor<T> gradients, double[] losses)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        MicroBatches share = _shares[_ranks.Rank];
        _own[0] = WantsToStop ? 1 : 0;
        losses.AsSpan(share.First, share.Count).CopyTo(_own.AsSpan(1));
        SquareChunks(gradients, _own.AsSpan(1 + _mostLosses));
        _ranks.AllGather(MemoryMarshal.AsBytes<double>(_own), MemoryMarshal.AsBytes(_all.AsSpan()));

        SomebodyWantsToStop = false;
        for (int rank = 0; rank < _ranks.Size; rank++)
        {
            ReadOnlySpan<double> numbers = Of(rank);
            SomebodyWantsToStop |= numbers[0] > 0;
            numbers.Slice(1, _shares[rank].Count).CopyTo(losses.AsSpan(_shares[rank].First));
        }
        Array.Clear(_taken);
        double sum = 0;
        foreach (int owner in _owners)
            sum += Of(owner)[1 + _mostLosses + _taken[owner]++];
        return Math.Sqrt(sum);
    }

    private ReadOnlySpan<double> Of(int rank) => _all.AsSpan(rank * _own.Length, _own.Length);

    /// <summary>The chunks of this rank, those that follow each other at once.</summary>
    private void SquareChunks<T>(Tensor<T> gradients, Span<double> sums)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        IReadOnlyList<int> chunks = _ownership.Chunks(_ranks.Rank);
        for (int first = 0, end; first < chunks.Count; first = end)
        {
            end = first + 1;
            while (end < chunks.Count && chunks[end] == chunks[end - 1] + 1)
                end++;
            int start = chunks[first] * Reductions.NumbersOfChunk;
            int length = Math.Min((end - first) * Reductions.NumbersOfChunk, gradients.Shape[0] - start);
            Reductions.SquaresOfChunks(gradients.Slice(0, start, length), sums[first..end]);
        }
    }
}
