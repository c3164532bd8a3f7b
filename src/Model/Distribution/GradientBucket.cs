using System.Numerics;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Distribution;

/// <summary>
/// Gradients that go from rank to rank together. All ranks send the same buckets in the same order, from the last layer to the first, which
/// is how a backward pass completes them.
/// </summary>
/// <param name="Ranges">Where they lie in the flat buffer.</param>
/// <param name="Parameters">Which trained parameters, in the order of the model, have numbers in it.</param>
/// <param name="ByRank">Which of them each rank needs.</param>
internal sealed record GradientBucket(FlatRange[] Ranges, int[] Parameters, FlatRange[][] ByRank)
{
    /// <summary>How many numbers each rank needs.</summary>
    public int[] Lengths { get; } = [.. ByRank.Select(ranges => ranges.Sum(range => range.Length))];

    /// <summary>Divides the gradients of the trained parameters.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="ownership">Which rank needs what.</param>
    /// <param name="numbers">How many numbers a bucket has: at least these, where there are more to come, and not many more.</param>
    public static GradientBucket[] Of<T>(ParameterSet<T> parameters, Ownership ownership, int numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Parameter<T>[] trained = [.. parameters.Trained];
        List<GradientBucket> buckets = [];
        List<FlatRange> ranges = [];
        SortedSet<int> inside = [];
        for (int i = trained.Length - 1; i >= 0; i--)
        {
            int start = parameters.StartOf(trained[i]), left = (int)ParameterSet<T>.Padded(trained[i]);
            while (left > 0)
            {
                int taken = Math.Min(left, Math.Max(1, numbers - ranges.Sum(range => range.Length)));
                ranges.Add(new(start, taken));
                inside.Add(i);
                (start, left) = (start + taken, left - taken);
                if (ranges.Sum(range => range.Length) >= numbers)
                    Close();
            }
        }
        if (ranges.Count > 0)
            Close();
        return [.. buckets];

        void Close()
        {
            FlatRange[] merged = [.. FlatRange.Merge(ranges)];
            FlatRange[][] byRank = [.. Enumerable.Range(0, ownership.Ranks)
                .Select(rank => merged.SelectMany(range => FlatRange.And(ownership.Needed(rank), range)).ToArray())];
            buckets.Add(new(merged, [.. inside], byRank));
            ranges.Clear();
            inside.Clear();
        }
    }
}
