using System.Text;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Data;

/// <summary>A text has too few words that occur often enough.</summary>
/// <param name="message">What was found and what was expected.</param>
public sealed class TooFewWordsException(string message) : ArgumentException(message);

/// <summary>The words of a text that occur often enough to be learned, in small letters, the most frequent first.</summary>
public sealed class WordVocabulary
{
    private const int LongestUnseparated = 8; // characters: longer Japanese words are rare
    private const double MostUnseparated = 0.1;

    private readonly Dictionary<byte[], int> _ids = new(BytesComparer.Instance); // of every way to write a word: "The" and "the" have one id
    private readonly byte[][] _words;

    private WordVocabulary((byte[] Word, long Count)[] words) =>
        (_words, Counts) = ([.. words.Select(pair => pair.Word)], [.. words.Select(pair => pair.Count)]);

    /// <summary>The words in UTF-8; V of them.</summary>
    public IReadOnlyList<byte[]> Words => _words;

    /// <summary>How often each occurs.</summary>
    public IReadOnlyList<long> Counts { get; }

    /// <summary>How many words the text has that are in the vocabulary.</summary>
    public long Total { get; private set; }

    /// <summary>What is odd about the text; null where nothing is.</summary>
    public string? Note { get; private set; }

    /// <summary>Counts the words of a text. Of more than half a million different ones, the rarest are forgotten.</summary>
    /// <param name="text">The text.</param>
    /// <param name="leastCount">How often a word must occur.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="TooFewWordsException">Fewer than two words occur often enough: there is nothing to tell one from.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static WordVocabulary Count(
        WordText text, long leastCount, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        WordCounts pieces = new(TextWords.NextLength);
        long done = 0;
        text.Read((block, isFinal) =>
        {
            int length = TextWords.LengthOfWholeWords(block, isFinal);
            pieces.Add(block[..length]);
            done += length;
            progress?.Report(new DataProgress("counting words", done, text.Bytes));
            return length;
        }, cancellationToken);

        (byte[] Piece, byte[] Word, long Count)[] found =
            [.. pieces.All.Where(pair => TextWords.IsWord(pair.Key)).Select(pair => (pair.Key, TextWords.ToLower(pair.Key), pair.Value))];
        Dictionary<byte[], long> counts = new(BytesComparer.Instance);
        foreach ((_, byte[] word, long count) in found)
            counts[word] = counts.GetValueOrDefault(word) + count;
        (byte[] Word, long Count)[] kept = [.. counts.Where(pair => pair.Value >= leastCount).Select(pair => (pair.Key, pair.Value))];
        // Words of one count in the order of their bytes, so that ids depend on the text alone.
        Array.Sort(kept, (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Word.AsSpan().SequenceCompareTo(b.Word));

        string? note = Unseparated(found.Select(pair => (pair.Word, pair.Count)));
        if (kept.Length < 2)
        {
            throw new TooFewWordsException($"{text.Name} has {kept.Length} different words that occur at least {leastCount} times, of {counts.Count}, "
                + $"at least 2 expected{(note is null ? "" : $"; {note}")}");
        }
        WordVocabulary vocabulary = new(kept) { Total = kept.Sum(pair => pair.Count), Note = note };
        Dictionary<byte[], int> ids = new(BytesComparer.Instance);
        for (int id = 0; id < kept.Length; id++)
            ids.Add(kept[id].Word, id);
        foreach ((byte[] piece, byte[] word, _) in found)
        {
            if (ids.TryGetValue(word, out int id))
                vocabulary._ids.Add(piece, id);
        }
        return vocabulary;
    }

    /// <summary>Reads a text line by line: the ids of those of its words that are in the vocabulary.</summary>
    /// <param name="text">The text.</param>
    /// <param name="read">Reads the ids of a line.</param>
    /// <param name="cancellationToken">Stops between two blocks.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal void ReadLines(WordText text, Action<List<int>> read, CancellationToken cancellationToken)
    {
        const int mostIds = 1 << 16; // a text without line ends is cut, rather than kept whole
        Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> ids = _ids.GetAlternateLookup<ReadOnlySpan<byte>>();
        List<int> line = [];
        text.Read((block, isFinal) =>
        {
            int whole = TextWords.LengthOfWholeWords(block, isFinal);
            for (ReadOnlySpan<byte> rest = block[..whole]; !rest.IsEmpty;)
            {
                int length = TextWords.NextLength(rest);
                if (ids.TryGetValue(rest[..length], out int id))
                    line.Add(id);
                if (rest[0] == '\n' || line.Count == mostIds)
                    EndLine();
                rest = rest[length..];
            }
            return whole;
        }, cancellationToken);
        EndLine();

        void EndLine()
        {
            if (line.Count > 0)
                read(line);
            line.Clear();
        }
    }

    /// <summary>Says so where words look as if they were whole sentences of a script without spaces.</summary>
    private static string? Unseparated(IEnumerable<(byte[] Word, long Count)> words)
    {
        long all = 0, tooLong = 0;
        string example = "";
        foreach ((byte[] word, long count) in words)
        {
            all += count;
            if (TextWords.CountWithoutSpaces(word) <= LongestUnseparated)
                continue;
            tooLong += count;
            string text = Encoding.UTF8.GetString(word);
            if (example.Length == 0 || string.CompareOrdinal(text, example) < 0)
                example = text;
        }
        return tooLong > MostUnseparated * all
            ? $"{tooLong:N0} of {all:N0} words are longer than {LongestUnseparated} Chinese or Japanese characters, such as "
                + $"'{Excerpt.Of(example, 24)}': spaces between words expected"
            : null;
    }
}
