using System.Runtime.InteropServices;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// How often each word of a text was seen. At most <see cref="MostWords"/> different ones are kept: when there are more, the rarest of
/// them are forgotten, so that a text of any length can be counted.
/// </summary>
/// <param name="next">The length in bytes of the first word of a text, which must be cut at spaces and line ends as it is in the whole.</param>
internal sealed class WordCounts(WordCounts.NextWord next)
{
    public delegate int NextWord(ReadOnlySpan<byte> text);

    public const int MostWords = 1 << 19;

    private const int SegmentBytes = 1 << 18;

    private readonly Dictionary<byte[], long> _counts = new(BytesComparer.Instance);

    public int Count => _counts.Count;

    public IReadOnlyDictionary<byte[], long> All => _counts;

    /// <summary>Counts the words of a text, on all threads where it is long. The counts do not depend on how many these are.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        if (text.Length <= 2 * SegmentBytes)
        {
            CountInto(text, _counts);
            Forget();
            return;
        }
        byte[] copy = text.ToArray();
        List<Range> segments = TextCuts.Segments(text, SegmentBytes, atLineEnds: true);
        Dictionary<byte[], long>[] parts = new Dictionary<byte[], long>[segments.Count];
        Workers.Run(segments.Count, i => CountInto(copy.AsSpan(segments[i]), parts[i] = new Dictionary<byte[], long>(BytesComparer.Instance)));
        foreach (Dictionary<byte[], long> part in parts)
        {
            foreach ((byte[] word, long count) in part)
                CollectionsMarshal.GetValueRefOrAddDefault(_counts, word, out _) += count;
            Forget();
        }
    }

    private void CountInto(ReadOnlySpan<byte> text, Dictionary<byte[], long> counts)
    {
        Dictionary<byte[], long>.AlternateLookup<ReadOnlySpan<byte>> words = counts.GetAlternateLookup<ReadOnlySpan<byte>>();
        while (!text.IsEmpty)
        {
            int length = next(text);
            CollectionsMarshal.GetValueRefOrAddDefault(words, text[..length], out _)++;
            text = text[length..];
        }
    }

    private void Forget()
    {
        for (long rare = 1; _counts.Count > MostWords; rare *= 2)
        {
            foreach ((byte[] word, long count) in _counts)
            {
                if (count <= rare)
                    _counts.Remove(word);
            }
        }
    }
}
