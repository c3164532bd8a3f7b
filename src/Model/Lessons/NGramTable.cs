namespace MiniGpt.Model.Lessons;

/// <summary>
/// Which character followed which last n characters, how often. Where a context was seen seldom, the table of a shorter one fills in:
/// p(c | h) = (count(h c) + κ·p(c | shorter h)) / (count(h) + κ), a hierarchical Dirichlet prior (MacKay and Peto 1995).
/// </summary>
internal sealed class NGramTable
{
    private const double Strength = 5; // κ: so many imagined observations

    private readonly int _order;
    private readonly NGramTable? _shorter;
    private readonly Dictionary<char, int> _characters;
    private readonly Dictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _counts =
        new Dictionary<string, int[]>().GetAlternateLookup<ReadOnlySpan<char>>();

    private NGramTable(int order, NGramTable? shorter, Dictionary<char, int> characters) =>
        (_order, _shorter, _characters) = (order, shorter, characters);

    /// <summary>How many different characters there are.</summary>
    public int Characters => _characters.Count;

    /// <summary>The loss of the distribution at the bottom, in which all characters are equally likely.</summary>
    public double LossOfNothing => -Math.Log(1.0 / Characters);

    /// <summary>Counts a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="order">n: how many characters the next one is told from.</param>
    /// <param name="shorter">The table of n − 1; null for n = 0.</param>
    public static NGramTable Count(string text, int order, NGramTable? shorter)
    {
        Dictionary<char, int> characters = shorter?._characters
            ?? text.Distinct().Order().Select((character, index) => (character, index)).ToDictionary(pair => pair.character, pair => pair.index);
        NGramTable table = new(order, shorter, characters);
        for (int i = order; i < text.Length; i++)
        {
            ReadOnlySpan<char> context = text.AsSpan(i - order, order);
            if (!table._counts.TryGetValue(context, out int[]? counts))
                table._counts[context] = counts = new int[characters.Count];
            counts[characters[text[i]]]++;
        }
        return table;
    }

    /// <summary>The probability of a character behind a text.</summary>
    public double Probability(ReadOnlySpan<char> before, char next)
    {
        ReadOnlySpan<char> context = before[^Math.Min(_order, before.Length)..];
        double shorter = _shorter?.Probability(context, next) ?? 1.0 / Characters;
        if (!_counts.TryGetValue(context, out int[]? counts))
            return shorter;
        int count = _characters.TryGetValue(next, out int index) ? counts[index] : 0;
        return (count + Strength * shorter) / (counts.Sum() + Strength);
    }

    /// <summary>The mean cross-entropy of a text, in nats a character, its first character left out.</summary>
    public double Loss(string text)
    {
        double sum = 0;
        for (int i = 1; i < text.Length; i++)
            sum -= Math.Log(Probability(text.AsSpan(Math.Max(0, i - _order), Math.Min(i, _order)), text[i]));
        return sum / (text.Length - 1);
    }

    /// <summary>The likeliest characters behind a text.</summary>
    public (char Character, double Probability)[] Likeliest(string before, int count) =>
        [.. _characters.Keys.Select(next => (next, Probability(before, next))).OrderByDescending(pair => pair.Item2).Take(count)];

    /// <summary>The probabilities of all characters behind a text, added up.</summary>
    public double Sum(string before) => _characters.Keys.Sum(next => Probability(before, next));
}
