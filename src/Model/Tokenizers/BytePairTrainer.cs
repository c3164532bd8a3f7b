using System.Text;

namespace MiniGpt.Model.Tokenizers;

/// <summary>
/// Learns a byte-level BPE: counts the words of a text, and then joins the pair of tokens that stands most often side by side, again and
/// again, until the vocabulary is full (Sennrich et al. 2016). Of pairs that are equally frequent, the one whose two byte strings are
/// greater is joined first.
/// </summary>
/// <remarks>
/// The ids are those of the special tokens, then of the 256 bytes in the order of <see cref="ByteAlphabet"/>, then of the merges. Memory
/// stays bounded however long the text: see <see cref="WordCounts"/>.
/// </remarks>
public sealed class BytePairTrainer
{
    private readonly byte[][] _special;
    private readonly SpecialTokens _specialTokens;
    private readonly WordCounts _words = new(Gpt2PreTokenizer.Next);

    /// <summary>A trainer that has seen nothing yet.</summary>
    /// <param name="specialTokens">Tokens that are found in a text as a whole; no word goes across one. They get the first ids.</param>
    /// <exception cref="ArgumentException">A special token is empty or there twice.</exception>
    public BytePairTrainer(params IEnumerable<string> specialTokens)
    {
        _special = [.. specialTokens.Select(Encoding.UTF8.GetBytes)];
        _specialTokens = new SpecialTokens([.. _special.Select((bytes, id) => (id, bytes))]);
    }

    /// <summary>How many different words were seen.</summary>
    public int Words => _words.Count;

    /// <summary>Counts the words of a text in UTF-8.</summary>
    public void Add(ReadOnlySpan<byte> text) => Add(text, isFinalBlock: true);

    /// <summary>Counts the words of the next block of a long text.</summary>
    /// <returns>How many bytes were read, as <see cref="ITokenizer.EncodeUtf8(ReadOnlySpan{byte}, System.Buffers.IBufferWriter{int}, bool, bool)"/> says.</returns>
    public int Add(ReadOnlySpan<byte> text, bool isFinalBlock)
    {
        int at = 0;
        foreach ((int start, int id) in _specialTokens.Find(text))
        {
            _words.Add(text[at..start]);
            at = start + _special[id].Length;
        }
        int end = isFinalBlock ? text.Length : at + PreTokenizer.Gpt2.LengthOfWholePieces(text[at..], Math.Max(1, _specialTokens.LongestLength));
        _words.Add(text[at..end]);
        return end;
    }

    /// <summary>Throws where no vocabulary of this size can be learned.</summary>
    /// <exception cref="ArgumentException">The vocabulary has no room for the special tokens and the 256 bytes, or is too large.</exception>
    public void CheckVocabularySize(int vocabularySize)
    {
        int smallest = _special.Length + 256;
        Require.That(vocabularySize >= smallest,
            $"a vocabulary of {vocabularySize} is too small: {_special.Length} special tokens and 256 bytes need {smallest}");
        Require.That(vocabularySize <= MergeTable.MostTokens,
            $"a vocabulary of {vocabularySize} is too large, at most {MergeTable.MostTokens} expected");
    }

    /// <summary>Learns the merges.</summary>
    /// <param name="vocabularySize">V: how many tokens there are to be. There are fewer where every word has become one token before.</param>
    /// <param name="progress">Is told how large the vocabulary is.</param>
    /// <param name="cancellationToken">Ends the training without a result.</param>
    /// <exception cref="ArgumentException">The vocabulary has no room for the special tokens and the 256 bytes, or is too large.</exception>
    public BytePairTokenizer Train(int vocabularySize, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        CheckVocabularySize(vocabularySize);
        List<byte[]> tokens = [.. _special, .. ByteAlphabet.Order.ToArray().Select(value => (byte[])[value])];
        int[] idOfByte = new int[256];
        for (int i = 0; i < 256; i++)
            idOfByte[ByteAlphabet.Order[i]] = _special.Length + i;
        PairCounts pairs = new(_words.All.Select(pair => (Array.ConvertAll(pair.Key, value => idOfByte[value]), pair.Value)), tokens);
        Dictionary<byte[], int> ids = new(BytesComparer.Instance);
        for (int id = _special.Length; id < tokens.Count; id++)
            ids.Add(tokens[id], id);
        HashSet<string> taken = [.. _special.Select(Encoding.UTF8.GetString)]; // files name every token by its text

        List<(int Left, int Right)> merges = [];
        while (tokens.Count < vocabularySize && pairs.TryTakeMostFrequent(out int left, out int right))
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] joined = [.. tokens[left], .. tokens[right]];
            if (taken.Contains(ByteAlphabet.ToText(joined)))
                continue;
            // Two pairs can join to the same bytes: one token, and two merges that lead to it.
            if (ids.TryAdd(joined, tokens.Count))
                tokens.Add(joined);
            pairs.Merge(left, right, ids[joined]);
            merges.Add((left, right));
            progress?.Report(tokens.Count);
        }
        return new BytePairTokenizer(tokens, merges, Enumerable.Range(0, _special.Length));
    }
}
