using System.Text;
using System.Text.Json;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Threading;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

[Collection("Alone")]
public class BytePairTrainerTests
{
    [Fact]
    public void The_reference_corpus_gives_the_243_merges_in_their_order()
    {
        byte[] corpus = File.ReadAllBytes(Fixtures.File("tokenizer", "bpe-training", "corpus.en"));
        BytePairTokenizer tokenizer = Train(corpus, 500);
        Quickest.AssertWithin(TimeSpan.FromSeconds(1.5), () => Train(corpus, 500));
        Assert.Equal(
            File.ReadLines(Fixtures.File("tokenizer", "bpe-training", "train-bpe-reference-merges.txt")),
            tokenizer.Merges.Select(merge => $"{tokenizer.AlphabetText(merge.Left)} {tokenizer.AlphabetText(merge.Right)}"));
        // Special tokens, 256 bytes, merges.
        string json = File.ReadAllText(Fixtures.File("tokenizer", "bpe-training", "train-bpe-reference-vocab.json"));
        Dictionary<string, int> vocabulary = JsonSerializer.Deserialize<Dictionary<string, int>>(json)!;
        Assert.Equal(vocabulary.OrderBy(token => token.Value).Select(token => token.Key), Enumerable.Range(0, 500).Select(tokenizer.AlphabetText));
        Assert.Equal(0, tokenizer.EndOfTextId);
    }

    [Theory]
    [InlineData("low low low low low lower lower widest widest widest newest newest newest newest newest newest", 12)]
    [InlineData("aaaaaaa aaaa aaa baaab", 8)]
    [InlineData("abababab ababab bababa", 8)]
    [InlineData("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", 20)]
    public void Merges_are_those_of_counting_all_pairs_anew_each_time(string text, int merges)
    {
        BytePairTokenizer tokenizer = Train(Encoding.UTF8.GetBytes(text), 257 + merges);
        Assert.Equal(MergesByTheDefinition(text, merges), tokenizer.Merges.Select(merge =>
            $"{tokenizer.AlphabetText(merge.Left)} {tokenizer.AlphabetText(merge.Right)}"));
    }

    [Fact]
    public void Merges_do_not_depend_on_threads_or_blocks()
    {
        byte[] text = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt"));
        int before = Workers.Count;
        try
        {
            Workers.Count = 1;
            BytePairTokenizer one = Train(text, 2000);
            Workers.Count = 3;
            BytePairTokenizer three = Train(text, 2000);
            BytePairTrainer trainer = new(Tokenizer.EndOfText);
            for (int at = 0, end = 0; at < text.Length;)
            {
                end = Math.Min(text.Length, end + 10_007);
                at += trainer.Add(text.AsSpan(at, end - at), isFinalBlock: end == text.Length);
            }
            Assert.Equal(one.Hash, three.Hash);
            Assert.Equal(one.Hash, trainer.Train(2000).Hash);
        }
        finally
        {
            Workers.Count = before;
        }
    }

    [Fact]
    public void No_merge_goes_across_a_special_token()
    {
        BytePairTokenizer tokenizer = Train(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("x<|endoftext|>", 100))), 300);
        Assert.Empty(tokenizer.Merges);
        Assert.Equal(257, tokenizer.VocabularySize);
    }

    [Fact]
    public void A_word_of_a_megabyte_is_learned_from()
    {
        Random random = new(3);
        byte[] word = [.. Enumerable.Range(0, 1 << 20).Select(_ => (byte)random.GetItems("abcdefgh"u8, 1)[0])];
        BytePairTokenizer tokenizer = Train(word, 2000);
        Assert.Equal(2000, tokenizer.VocabularySize);
        Assert.Equal(word, tokenizer.DecodeBytes(tokenizer.EncodeUtf8(word)));
    }

    [Theory]
    [InlineData(256, "a vocabulary of 256 is too small: 1 special tokens and 256 bytes need 257")]
    [InlineData(3_000_000, "too large")]
    public void A_vocabulary_that_cannot_be_is_refused(int size, string reason) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => Train("text"u8.ToArray(), size)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_special_token_is_neither_empty_nor_twofold()
    {
        Assert.Throws<ArgumentException>(() => new BytePairTrainer(""));
        Assert.Throws<ArgumentException>(() => new BytePairTrainer("<s>", "<s>"));
    }

    private static BytePairTokenizer Train(byte[] text, int vocabularySize)
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add(text);
        return trainer.Train(vocabularySize);
    }

    /// <summary>Counts all pairs of all words, joins the most frequent (of equals the greatest), and counts again. Words are runs of letters with a space before.</summary>
    private static List<string> MergesByTheDefinition(string text, int count)
    {
        List<List<string>> words = [];
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int at = 0; at < bytes.Length;)
        {
            int length = Gpt2PreTokenizer.Next(bytes.AsSpan(at));
            words.Add([.. bytes.AsSpan(at, length).ToArray().Select(value => ByteAlphabet.ToText([value]))]);
            at += length;
        }
        List<string> merges = [];
        while (merges.Count < count)
        {
            (string Left, string Right) best = words
                .SelectMany(word => word.Zip(word.Skip(1)))
                .GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenByDescending(group => BytesOf(group.Key.First)).ThenByDescending(group => BytesOf(group.Key.Second))
                .Select(group => group.Key).First();
            merges.Add($"{best.Left} {best.Right}");
            foreach (List<string> word in words)
            {
                for (int i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) == best)
                    {
                        word[i] += word[i + 1];
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
        return merges;

        static string BytesOf(string token)
        {
            Assert.True(ByteAlphabet.TryToBytes(token, out byte[] bytes));
            return Convert.ToHexString(bytes);
        }
    }
}
