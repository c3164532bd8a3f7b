using System.Runtime.InteropServices;
using MiniGpt.Model.Data;

namespace MiniGpt.Model.Training;

/// <summary>
/// What a table says stands in a gap: which tokens stood between the same two neighbours how often, filled in by what followed the left one, and
/// that by how frequent each token is. A model of masked words has to beat it.
/// </summary>
/// <remarks>
/// p(w | l, r) = (count(l w r) + κ·p(w | l)) / (count(l r) + κ), and so on down, as <see cref="Lessons.NGramTable"/> has it for characters
/// (MacKay and Peto 1995).
/// </remarks>
internal sealed class NeighbourCounts
{
    /// <summary>What stands for a neighbour that is not known.</summary>
    public const int Unknown = -1;

    private const double Strength = 5; // κ: so many imagined observations
    private const int TokensAtOnce = 1 << 16;

    private readonly double[] _frequencies;
    private readonly Dictionary<int, Dictionary<int, int>> _followers = [];
    private readonly Dictionary<(int Left, int Right), Dictionary<int, int>> _between = [];
    private readonly double[] _scores;

    /// <summary>Counts a text.</summary>
    /// <param name="tokens">The text.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="cancellationToken">Ends it without a result.</param>
    public NeighbourCounts(TokenSource tokens, int vocabularySize, CancellationToken cancellationToken)
    {
        (_frequencies, _scores) = (new double[vocabularySize], new double[vocabularySize]);
        int[] ids = new int[(int)Math.Min(TokensAtOnce, tokens.Length)];
        (int left, int middle) = (Unknown, Unknown);
        for (long start = 0; start < tokens.Length; start += ids.Length)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<int> part = ids.AsSpan(0, (int)Math.Min(ids.Length, tokens.Length - start));
            tokens.Read(start, part);
            foreach (int id in part)
            {
                _frequencies[id] += 1.0 / tokens.Length;
                if (middle != Unknown)
                    CollectionsMarshal.GetValueRefOrAddDefault(Of(_followers, middle), id, out _)++;
                if (left != Unknown)
                    CollectionsMarshal.GetValueRefOrAddDefault(Of(_between, (left, id)), middle, out _)++;
                (left, middle) = (middle, id);
            }
        }
    }

    /// <summary>How many tokens are likelier in a gap than this one, by frequency alone.</summary>
    public int RankByFrequency(int id) => _frequencies.Count(other => other > _frequencies[id]);

    /// <summary>How many tokens are likelier between two neighbours than this one.</summary>
    /// <param name="left">The neighbour before; <see cref="Unknown"/> where that is a gap as well.</param>
    /// <param name="id">The token.</param>
    /// <param name="right">The neighbour after; likewise.</param>
    public int RankBetween(int left, int id, int right)
    {
        _frequencies.CopyTo(_scores, 0);
        Refine(_followers.GetValueOrDefault(left));
        Refine(_between.GetValueOrDefault((left, right)));
        return _scores.Count(other => other > _scores[id]);
    }

    /// <summary>Mixes what a longer context knows with what the shorter one does.</summary>
    private void Refine(Dictionary<int, int>? counts)
    {
        if (counts is null)
            return;
        double total = counts.Values.Sum() + Strength;
        for (int id = 0; id < _scores.Length; id++)
            _scores[id] *= Strength / total;
        foreach ((int id, int count) in counts)
            _scores[id] += count / total;
    }

    private static Dictionary<int, int> Of<TKey>(Dictionary<TKey, Dictionary<int, int>> table, TKey key)
        where TKey : notnull
    {
        ref Dictionary<int, int>? counts = ref CollectionsMarshal.GetValueRefOrAddDefault(table, key, out _);
        return counts ??= [];
    }
}
