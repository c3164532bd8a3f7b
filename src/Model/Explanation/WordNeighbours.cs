using System.Numerics.Tensors;
using System.Text;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Explanation;

/// <summary>Answers about words from their vectors: which are near one, and which completes an analogy.</summary>
public sealed class WordNeighbours
{
    private const int RowsOfPart = 4096;
    private const int FurthestSpelling = 2; // letters that are wrong

    private readonly WordVectors _vectors;
    private readonly float[] _lengths;

    /// <summary>Measures all vectors.</summary>
    public WordNeighbours(WordVectors vectors)
    {
        (_vectors, _lengths) = (vectors, new float[vectors.Count]);
        ForEachRow(id => _lengths[id] = TensorPrimitives.Norm(Row(id)));
    }

    /// <summary>The words whose vectors point most nearly the same way as that of a word, nearest first.</summary>
    /// <param name="word">The word, which is not among them.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentException">There is no such word.</exception>
    public IReadOnlyList<Neighbour> Near(string word, int count)
    {
        int id = IdOf(word);
        return Nearest(Direction(id), count, id);
    }

    /// <summary>
    /// The words that are to <paramref name="c"/> what <paramref name="a"/> is to <paramref name="b"/>: those nearest to a − b + c, each
    /// vector first made 1 long (Mikolov, Yih and Zweig 2013). None of the three is among them.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such word.</exception>
    public IReadOnlyList<Neighbour> Analogy(string a, string b, string c, int count)
    {
        (int first, int second, int third) = (IdOf(a), IdOf(b), IdOf(c));
        float[] direction = Direction(first);
        TensorPrimitives.Subtract(direction, Direction(second), direction);
        TensorPrimitives.Add(direction, Direction(third), direction);
        return Nearest(direction, count, first, second, third);
    }

    /// <summary>The cosine of the angle between the vectors of two words.</summary>
    /// <exception cref="ArgumentException">There is no such word.</exception>
    public float Cosine(string a, string b) => TensorPrimitives.Dot(Direction(IdOf(a)), Direction(IdOf(b)));

    private int IdOf(string word)
    {
        if (_vectors.Find(word) is int id)
            return id;
        string hint = Likeliest(word) is string other ? $"'{other}' is" : "none is spelled alike";
        throw new ArgumentException($"'{word}' is not among the {_vectors.Count:N0} words; {hint}");
    }

    private Neighbour[] Nearest(float[] direction, int count, params int[] without)
    {
        float length = TensorPrimitives.Norm(direction);
        float[] cosines = new float[_vectors.Count];
        ForEachRow(id => cosines[id] = length > 0 && _lengths[id] > 0 ? TensorPrimitives.Dot(Row(id), direction) / (length * _lengths[id]) : 0);
        foreach (int id in without)
            cosines[id] = float.NegativeInfinity;
        return [.. Ranking.Greatest(cosines, Math.Min(count, _vectors.Count))
            .Where(id => cosines[id] > float.NegativeInfinity).Select(id => new Neighbour(id, cosines[id]))];
    }

    /// <summary>A word's vector with length 1; all zero where it is.</summary>
    private float[] Direction(int id)
    {
        float[] direction = Row(id).ToArray();
        if (_lengths[id] > 0)
            TensorPrimitives.Divide(direction, _lengths[id], direction);
        return direction;
    }

    private ReadOnlySpan<float> Row(int id) => _vectors.Table.Span.Slice(id * _vectors.Width, _vectors.Width);

    private void ForEachRow(Action<int> work) => Workers.Run((_vectors.Count + RowsOfPart - 1) / RowsOfPart, part =>
    {
        int end = Math.Min(_vectors.Count, (part + 1) * RowsOfPart);
        for (int id = part * RowsOfPart; id < end; id++)
            work(id);
    });

    /// <summary>The word that is spelled most nearly the same way, the case of letters left aside; of several the first. Null where all are far.</summary>
    private string? Likeliest(string word)
    {
        Rune[] wanted = [.. word.ToLowerInvariant().EnumerateRunes()];
        (string? best, int least) = (null, Math.Min(FurthestSpelling + 1, wanted.Length));
        for (int id = 0; id < _vectors.Count && least > 0; id++)
        {
            string text = _vectors.TextOf(id);
            int distance = Distance([.. text.ToLowerInvariant().EnumerateRunes()], wanted, least);
            if (distance < least)
                (best, least) = (text, distance);
        }
        return best;
    }

    /// <summary>How many letters have to be put in, left out or replaced (Levenshtein 1966), if fewer than a bound.</summary>
    private static int Distance(Rune[] a, Rune[] b, int bound)
    {
        if (Math.Abs(a.Length - b.Length) >= bound)
            return bound;
        int[] above = [.. Enumerable.Range(0, b.Length + 1)], row = new int[b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
                row[j] = Math.Min(Math.Min(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            (above, row) = (row, above);
        }
        return above[b.Length];
    }
}
