using System.Runtime.InteropServices;

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
    private readonly char[] _alphabet;

    // What was seen is all that is kept: Japanese has thousands of characters, of which few follow a context.
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _contexts = Counts(), _sequences = Counts();

    private NGramTable(int order, NGramTable? shorter, char[] alphabet) => (_order, _shorter, _alphabet) = (order, shorter, alphabet);

    /// <summary>How many different characters there are.</summary>
    public int Characters => _alphabet.Length;

    /// <summary>The loss of the distribution at the bottom, in which all characters are equally likely.</summary>
    public double LossOfNothing => -Math.Log(1.0 / Characters);

    /// <summary>Counts a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="order">n: how many characters the next one is told from.</param>
    /// <param name="shorter">The table of n − 1; null for n = 0.</param>
    /// <param name="alphabet">Of the table of n = 0, a text that has all characters that can come; null for the text that is counted.</param>
    public static NGramTable Count(string text, int order, NGramTable? shorter, string? alphabet = null)
    {
        NGramTable table = new(order, shorter, shorter?._alphabet ?? [.. (alphabet ?? text).Distinct().Order()]);
        for (int i = order; i < text.Length; i++)
            CollectionsMarshal.GetValueRefOrAddDefault(table._sequences, text.AsSpan(i - order, order + 1), out _)++;
        foreach ((string sequence, int count) in table._sequences.Dictionary)
            CollectionsMarshal.GetValueRefOrAddDefault(table._contexts, sequence.AsSpan(0, order), out _) += count;
        return table;
    }

    /// <summary>The probability of a character behind a text.</summary>
    public double Probability(ReadOnlySpan<char> before, char next)
    {
        ReadOnlySpan<char> context = before[^Math.Min(_order, before.Length)..];
        double shorter = _shorter?.Probability(context, next) ?? 1.0 / Characters;
        if (!_contexts.TryGetValue(context, out int seen))
            return shorter;
        Span<char> sequence = stackalloc char[_order + 1];
        context.CopyTo(sequence);
        sequence[^1] = next;
        int count = _sequences.TryGetValue(sequence, out int found) ? found : 0;
        return (count + Strength * shorter) / (seen + Strength);
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
        [.. _alphabet.Select(next => (next, Probability(before, next))).OrderByDescending(pair => pair.Item2).Take(count)];

    /// <summary>The probabilities of all characters behind a text, added up.</summary>
    public double Sum(string before) => _alphabet.Sum(next => Probability(before, next));

    private static Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Counts() => new Dictionary<string, int>().GetAlternateLookup<ReadOnlySpan<char>>();
}
