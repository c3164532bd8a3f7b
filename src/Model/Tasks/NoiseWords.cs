namespace MiniGpt.Model.Tasks;

/// <summary>
/// Draws words at random, frequent ones more often: with a probability that grows as the power 3/4 of their count, as word2vec does. A draw
/// takes one look into a table, whatever the size of the vocabulary (Walker's alias method, 1977).
/// </summary>
internal sealed class NoiseWords
{
    private const double Power = 0.75;

    // Column i gives word i below the threshold, and its alias above it.
    private readonly double[] _thresholds;
    private readonly int[] _aliases;

    public NoiseWords(IReadOnlyList<long> counts)
    {
        double[] weights = [.. counts.Select(count => Math.Pow(count, Power))];
        double sum = weights.Sum();
        LargestShare = weights.Max() / sum;
        _thresholds = [.. weights.Select(weight => weight / sum * weights.Length)];
        _aliases = [.. Enumerable.Range(0, weights.Length)];
        Stack<int> small = new(), large = new();
        for (int word = 0; word < weights.Length; word++)
            (_thresholds[word] < 1 ? small : large).Push(word);
        while (small.TryPop(out int poor) && large.TryPop(out int rich))
        {
            _aliases[poor] = rich;
            _thresholds[rich] -= 1 - _thresholds[poor];
            (_thresholds[rich] < 1 ? small : large).Push(rich);
        }
    }

    /// <summary>The probability of the most frequent word.</summary>
    public double LargestShare { get; }

    /// <summary>The word of two random numbers of 32 bits each.</summary>
    public int Draw(uint column, uint coin)
    {
        int word = (int)((ulong)column * (ulong)_thresholds.Length >> 32);
        return coin * (1.0 / (1L << 32)) < _thresholds[word] ? word : _aliases[word];
    }
}
