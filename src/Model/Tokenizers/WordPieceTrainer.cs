using System.Runtime.InteropServices;
using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Learns BERT's WordPiece: words begin as single characters, and the pair of pieces that stands most often side by side becomes one, again
/// and again, until the vocabulary is full. Of pairs that are equally frequent, the one whose two pieces are greater is joined first.
/// </summary>
/// <remarks>The ids are those of [PAD], [UNK], [CLS], [SEP] and [MASK], then of characters in their order, then of longer pieces.</remarks>
public sealed class WordPieceTrainer
{
    private readonly Dictionary<string, long> _counts = [];
    private readonly string[] _special;
    private readonly SpecialTokens _specialTokens;

    /// <summary>A trainer that has seen nothing yet.</summary>
    /// <param name="specialTokens">Tokens that are found in a text as a whole; those that are BERT's own, or there twice, count once.</param>
    /// <exception cref="ArgumentException">A special token is empty.</exception>
    public WordPieceTrainer(params IEnumerable<string> specialTokens)
    {
        _special = [.. WordPieceTokenizer.SpecialNames, .. specialTokens.Except(WordPieceTokenizer.SpecialNames)];
        _specialTokens = new SpecialTokens([.. _special.Select((token, id) => (id, Encoding.UTF8.GetBytes(token)))]);
    }

    /// <summary>Counts the words of the next block of a text in UTF-8.</summary>
    /// <param name="text">The block: what the last call did not read, and then more.</param>
    /// <param name="isFinalBlock">Whether the text ends with it.</param>
    /// <returns>How many bytes were read.</returns>
    public int Add(ReadOnlySpan<byte> text, bool isFinalBlock)
    {
        int at = 0;
        foreach ((int start, int id) in _specialTokens.Find(text))
        {
            Count(text[at..start]);
            at = start + Encoding.UTF8.GetByteCount(_special[id]);
        }
        int end = isFinalBlock
            ? text.Length
            : at + TextCuts.FindLast(text[at..], text.Length - at - _specialTokens.LongestLength, atLineEnds: true);
        Count(text[at..end]);
        return end;
    }

    /// <summary>Throws where no vocabulary of this size can be learned.</summary>
    /// <exception cref="ArgumentException">There is no room for a piece beside the special tokens.</exception>
    public void CheckVocabularySize(int vocabularySize)
    {
        Require.That(vocabularySize > _special.Length,
            $"a vocabulary of {vocabularySize} is too small: {_special.Length} special tokens and a piece need {_special.Length + 1}");
        Require.That(vocabularySize <= MergeTable.MostTokens, $"a vocabulary of {vocabularySize} is too large, at most {MergeTable.MostTokens} expected");
    }

    /// <summary>Learns the pieces.</summary>
    /// <param name="vocabularySize">
    /// V: how many tokens there are to be. There are fewer where every word has become one before; where there is not even room for all
    /// characters, the rarest are left out, and words with them are unknown.
    /// </param>
    /// <param name="progress">Is told how large the vocabulary is.</param>
    /// <param name="cancellationToken">Ends the training without a result.</param>
    /// <exception cref="ArgumentException">The vocabulary is too small or too large.</exception>
    public WordPieceTokenizer Train(int vocabularySize, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckVocabularySize(vocabularySize);
        (string Word, long Count)[] words = [.. _counts.Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal)];
        List<string> pieces = [.. _special, .. Characters(words, vocabularySize - _special.Length)];
        Dictionary<string, int> ids = pieces.Select((piece, id) => (piece, id)).ToDictionary(pair => pair.piece, pair => pair.id);
        List<byte[]> tokens = [.. pieces.Select(Encoding.UTF8.GetBytes)];
        PairCounts pairs = new(words.Select(word => (IdsOf(word.Word, ids), word.Count)).Where(word => word.Item1.Length > 0), tokens);
        while (pieces.Count < vocabularySize && pairs.TryTakeMostFrequent(out int left, out int right))
        {
            cancellationToken.ThrowIfCancellationRequested();
            string joined = pieces[left] + pieces[right][WordPieceTokenizer.Continuing.Length..];
            if (ids.TryAdd(joined, pieces.Count))
            {
                pieces.Add(joined);
                tokens.Add(Encoding.UTF8.GetBytes(joined));
            }
            pairs.Merge(left, right, ids[joined]);
            progress?.Report(pieces.Count);
        }
        HashSet<int> special = [.. Enumerable.Range(0, _special.Length)];
        return new WordPieceTokenizer(pieces, special, BertText.Uncased, new TextEnds([2], [3]));
    }

    private void Count(ReadOnlySpan<byte> text)
    {
        foreach (string word in BertText.Words(BertText.Uncased.Normalize(Encoding.UTF8.GetString(text))))
            CollectionsMarshal.GetValueRefOrAddDefault(_counts, word, out _)++;
    }

    /// <summary>The most frequent characters, at the beginning of words and inside, in their order.</summary>
    private static IEnumerable<string> Characters((string Word, long Count)[] words, int most)
    {
        Dictionary<string, long> counts = [];
        foreach ((string word, long count) in words)
        {
            foreach (string piece in PiecesOf(word))
                CollectionsMarshal.GetValueRefOrAddDefault(counts, piece, out _) += count;
        }
        return counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(most)
            .Select(pair => pair.Key).Order(StringComparer.Ordinal);
    }

    /// <summary>The characters of a word as pieces.</summary>
    private static IEnumerable<string> PiecesOf(string word) =>
        word.EnumerateRunes().Select((character, index) => index == 0 ? character.ToString() : WordPieceTokenizer.Continuing + character);

    /// <summary>The ids of a word's characters; none where one of them is not in the vocabulary.</summary>
    private static int[] IdsOf(string word, Dictionary<string, int> ids)
    {
        int[] found = [.. PiecesOf(word).Select(piece => ids.GetValueOrDefault(piece, -1))];
        return found.Contains(-1) ? [] : found;
    }
}
