using System.Text;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

/// <summary>Unigram and WordPiece vocabularies that are learned from a text.</summary>
[Collection("Alone")]
public sealed class LearnedTokenizersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private static readonly byte[] s_text = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt"))[..200_000];

    [Fact]
    public void A_unigram_vocabulary_does_not_depend_on_threads_or_blocks()
    {
        int before = Workers.Count;
        try
        {
            Workers.Count = 1;
            UnigramTokenizer one = TrainUnigram(s_text, 1000, s_text.Length);
            Workers.Count = 3;
            Assert.Equal(one.Hash, TrainUnigram(s_text, 1000, s_text.Length).Hash);
            Assert.Equal(one.Hash, TrainUnigram(s_text, 1000, 10_007).Hash);
            Assert.Equal(1000, one.VocabularySize);
        }
        finally
        {
            Workers.Count = before;
        }
    }

    [Fact]
    public void A_unigram_vocabulary_says_a_text_in_fewer_tokens_than_its_characters_and_any_bytes()
    {
        UnigramTokenizer tokenizer = TrainUnigram(s_text, 2000, s_text.Length);
        int[] ids = tokenizer.EncodeUtf8(s_text);
        Assert.Equal(s_text, tokenizer.DecodeBytes(ids));
        // A byte-level BPE of this size makes about 2.9 bytes a token of this text.
        Assert.InRange((double)s_text.Length / ids.Length, 2.6, 4.5);
        byte[] odd = [0xFF, .. Encoding.UTF8.GetBytes("  猫\u2581 x\n\n "), 0xE3];
        Assert.Equal([0xFF, .. Encoding.UTF8.GetBytes("  猫  x\n\n "), 0xE3], tokenizer.DecodeBytes(tokenizer.EncodeUtf8(odd)));
        Assert.Equal([0], tokenizer.Encode("<|endoftext|>"));
        AssertComesBack(tokenizer);
    }

    [Fact]
    public void The_character_by_which_files_write_a_space_is_a_space_to_the_trainer()
    {
        string text = string.Concat(Enumerable.Repeat("the cat sat on the mat ", 50));
        UnigramTokenizer spaces = TrainUnigram(Encoding.UTF8.GetBytes(text), 280, text.Length);
        byte[] written = Encoding.UTF8.GetBytes(text.Replace(' ', '\u2581'));
        Assert.Equal(spaces.Hash, TrainUnigram(written, 280, written.Length).Hash);
        Assert.Equal(spaces.Hash, TrainUnigram(written, 280, block: 7).Hash);
        Assert.Equal(spaces.Encode("the cat"), spaces.Encode("the\u2581cat"));
        Assert.DoesNotContain(Enumerable.Range(0, spaces.VocabularySize), id => spaces.TokenText(id).Contains('\u2581', StringComparison.Ordinal));
    }

    [Fact]
    public void The_cut_of_a_word_is_the_likeliest_of_all()
    {
        UnigramTokenizer tokenizer = TrainUnigram(s_text, 600, s_text.Length);
        Dictionary<string, double> scores = Enumerable.Range(0, tokenizer.VocabularySize)
            .Where(id => tokenizer.KindOf(id) == PieceKind.Normal).ToDictionary(tokenizer.TokenText, id => tokenizer.Scores[id]);
        foreach (string word in (string[])[" the", " speaking", " citizen", "wherefore", " o", " banishment"])
        {
            double found = tokenizer.Encode(word).Sum(id => tokenizer.Scores[id]);
            Assert.Equal(Best(word), found, 9);
        }

        double Best(string word) => word.Length == 0
            ? 0
            : Enumerable.Range(1, word.Length).Where(length => scores.ContainsKey(word[..length])).Max(length => scores[word[..length]] + Best(word[length..]));
    }

    [Fact]
    public void WordPieces_are_those_of_counting_all_pairs_anew_each_time()
    {
        const string text = "low low low low low lower lower widest widest widest newest newest newest newest newest newest";
        WordPieceTrainer trainer = new();
        trainer.Add(Encoding.UTF8.GetBytes(text), isFinalBlock: true);
        WordPieceTokenizer tokenizer = trainer.Train(5 + 11 + 6);
        Assert.Equal(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "##d", "##e", "##i", "##o", "##r", "##s", "##t", "##w", "l", "n", "w"],
            Enumerable.Range(0, 16).Select(tokenizer.TokenText));
        Assert.Equal(PiecesByTheDefinition(text, 6), Enumerable.Range(16, 6).Select(tokenizer.TokenText));
        Assert.Equal("newest low", tokenizer.Decode(tokenizer.Encode("Newest  LOW")));
        Assert.Equal([1], tokenizer.Encode("x"));
        AssertComesBack(tokenizer);
    }

    [Fact]
    public void A_vocabulary_that_is_too_small_is_refused()
    {
        Assert.Contains("too small", Assert.Throws<ArgumentException>(() => new UnigramTrainer().CheckVocabularySize(257)).Message, StringComparison.Ordinal);
        Assert.Contains("too small", Assert.Throws<ArgumentException>(() => new WordPieceTrainer().CheckVocabularySize(5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new UnigramTrainer("<unk>"));
    }

    public void Dispose() => _folder.Dispose();

    private void AssertComesBack(ITokenizer tokenizer)
    {
        TokenizerFolder.Write(_folder.Root, tokenizer);
        Assert.Equal(tokenizer.Hash, TokenizerFolder.Read(_folder.Root).Hash);
    }

    private static UnigramTokenizer TrainUnigram(byte[] text, int size, int block)
    {
        UnigramTrainer trainer = new(Tokenizer.EndOfText);
        for (int at = 0, end = 0; at < text.Length;)
        {
            end = Math.Min(text.Length, end + block);
            at += trainer.Add(text.AsSpan(at, end - at), isFinalBlock: end == text.Length);
        }
        return trainer.Train(size);
    }

    /// <summary>Counts all pairs of all words, joins the most frequent (of equals the greatest), and counts again.</summary>
    private static List<string> PiecesByTheDefinition(string text, int count)
    {
        List<List<string>> words = [.. text.Split(' ').Select(word => word.Select((letter, index) => index == 0 ? $"{letter}" : $"##{letter}").ToList())];
        List<string> pieces = [];
        while (pieces.Count < count)
        {
            (string Left, string Right) best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key.First, StringComparer.Ordinal)
                .ThenByDescending(group => group.Key.Second, StringComparer.Ordinal).Select(group => group.Key).First();
            pieces.Add(best.Left + best.Right[2..]);
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) == best)
                    {
                        word[i] = pieces[^1];
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
        return pieces;
    }
}
