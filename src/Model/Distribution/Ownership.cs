using System.Numerics;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// Which rank updates which parameters, and keeps the optimizer's state of them (Rajbhandari et al. 2020, the first stage of ZeRO). Matrices
/// that an update looks at as a whole stay whole; everything else is cut into pieces that are dealt out like cards, so that all ranks keep about
/// the same, and each has something to receive of whatever part of the gradients is on its way.
/// </summary>
internal sealed class Ownership
{
    private const int CacheLine = 16; // numbers in it
    private const int PiecesOfRank = 64; // of a large model; the more, the smaller its messages
    private const int PiecesOfSmallRank = 8; // so that a small model is divided evenly, too

    private readonly IReadOnlyList<FlatRange>[] _owned;
    private readonly IReadOnlyList<FlatRange>[] _needed;
    private readonly int[][] _chunks;

    private Ownership(IReadOnlyList<FlatRange>[] owned, int length)
    {
        _owned = owned;
        _chunks = ChunksOf(owned, length);
        _needed = [.. owned.Select((ranges, rank) => FlatRange.Merge(ranges.Concat(_chunks[rank].Select(chunk => Chunk(chunk, length)))))];
    }

    /// <summary>How many ranks there are.</summary>
    public int Ranks => _owned.Length;

    /// <summary>What a rank updates. All ranks together update everything once.</summary>
    public IReadOnlyList<FlatRange> Owned(int rank) => _owned[rank];

    /// <summary>Where a rank needs the sum of all gradients: what it updates, and its chunks of the norm.</summary>
    public IReadOnlyList<FlatRange> Needed(int rank) => _needed[rank];

    /// <summary>The chunks of <see cref="Reductions.SquaresOfChunks"/> that a rank computes, in their order.</summary>
    public IReadOnlyList<int> Chunks(int rank) => _chunks[rank];

    /// <summary>Divides parameters among ranks.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="isWhole">Which of them are updated as whole matrices, part by part, with one number of state for each of theirs; all others have two.</param>
    /// <param name="ranks">How many ranks there are.</param>
    public static Ownership Of<T>(ParameterSet<T> parameters, Func<Parameter<T>, bool> isWhole, int ranks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        List<FlatRange>[] owned = [.. Enumerable.Range(0, ranks).Select(_ => new List<FlatRange>())];
        long[] state = new long[ranks];
        foreach (FlatRange matrix in parameters.Trained.Where(isWhole).SelectMany(parameter => PartsOf(parameters, parameter))
            .OrderByDescending(range => range.Length).ThenBy(range => range.Start))
        {
            int least = Array.IndexOf(state, state.Min());
            owned[least].Add(matrix);
            state[least] += matrix.Length;
        }

        FlatRange[] others = [.. parameters.Runs(parameter => !isWhole(parameter)).Select(run => new FlatRange(run.Start, run.Length))];
        int piece = PieceOf(others.Sum(range => (long)range.Length), ranks);
        foreach (FlatRange range in others)
        {
            for (int start = range.Start, end; start < range.End; start = end)
            {
                end = (int)Math.Min(range.End, ((long)start / piece + 1) * piece);
                int least = Array.IndexOf(state, state.Min());
                owned[least].Add(new(start, end - start));
                state[least] += 2 * (end - start);
            }
        }
        return new([.. owned.Select(FlatRange.Merge)], parameters.Gradients.Shape[0]);
    }

    /// <summary>The matrices that lie in a parameter below each other.</summary>
    public static IEnumerable<FlatRange> PartsOf<T>(ParameterSet<T> parameters, Parameter<T> parameter)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int start = parameters.StartOf(parameter), columns = (int)(parameter.Shape.Count / parameter.Shape[0]);
        foreach (int rows in parameter.Parts)
        {
            yield return new(start, rows * columns);
            start += rows * columns;
        }
    }

    /// <summary>How long a piece is: whole chunks of the norm, where there are enough of them, so that nobody else needs them.</summary>
    private static int PieceOf(long numbers, int ranks)
    {
        long chunks = numbers / ((long)ranks * PiecesOfRank) / Reductions.NumbersOfChunk;
        if (chunks > 0)
            return checked((int)(chunks * Reductions.NumbersOfChunk));
        long small = numbers / ((long)ranks * PiecesOfSmallRank) / CacheLine * CacheLine;
        return (int)Math.Clamp(small, CacheLine, Reductions.NumbersOfChunk);
    }

    /// <summary>A chunk is computed by whoever updates its first number.</summary>
    private static int[][] ChunksOf(IReadOnlyList<FlatRange>[] owned, int length)
    {
        (FlatRange Range, int Rank)[] all = [.. owned.SelectMany((ranges, rank) => ranges.Select(range => (range, rank))).OrderBy(owner => owner.range.Start)];
        List<int>[] chunks = [.. owned.Select(_ => new List<int>())];
        int next = 0;
        for (int chunk = 0; (long)chunk * Reductions.NumbersOfChunk < length; chunk++)
        {
            while (next + 1 < all.Length && all[next + 1].Range.Start <= chunk * Reductions.NumbersOfChunk)
                next++;
            chunks[all[next].Rank].Add(chunk);
        }
        return [.. chunks.Select(list => list.ToArray())];
    }

    private static FlatRange Chunk(int chunk, int length)
    {
        int start = chunk * Reductions.NumbersOfChunk;
        return new(start, Math.Min(Reductions.NumbersOfChunk, length - start));
    }
}
