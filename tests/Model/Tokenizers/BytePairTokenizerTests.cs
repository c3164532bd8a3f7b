using System.Diagnostics;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class BytePairTokenizerTests
{
    private static readonly BytePairTokenizer s_gpt2 = Gpt2Tokenizer.Instance;

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("吾輩は猫である。名前はまだ無い。")]
    [InlineData("𠮷野家 🐈‍⬛ e\u0301 n\u0303 \u0000\u00a0\u3000\r\n\t  x")]
    [InlineData("it's we'll I'D 'tis '")]
    public void Any_text_comes_back(string text)
    {
        int[] ids = s_gpt2.Encode(text);
        Assert.Equal(text, s_gpt2.Decode(ids));
        Assert.Equal(Encoding.UTF8.GetBytes(text), s_gpt2.DecodeBytes(ids));
    }

    [Fact]
    public void Any_bytes_come_back() => Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        s_gpt2.DecodeBytes(s_gpt2.EncodeUtf8(bytes)).AsSpan().SequenceEqual(bytes)).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Any_ids_are_decoded()
    {
        int[] ids = [.. Enumerable.Range(0, s_gpt2.VocabularySize)];
        new Random(1).Shuffle(ids);
        Assert.Equal(ids.Sum(id => s_gpt2.TokenBytes(id).Length), s_gpt2.DecodeBytes(ids).Length);
        Assert.Contains("\uFFFD", s_gpt2.Decode(ids), StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => s_gpt2.Decode([50257]));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_gpt2.Decode([-1]));
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused_with_its_place()
    {
        (string, string)[] cases = [("ab\ud83d", "U+D83D, at line 1, character 3"), ("猫\n\udc08b", "U+DC08, at line 2, character 1")];
        Assert.All(cases, test => Assert.Contains(
            test.Item2, Assert.Throws<TextEncodingException>(() => s_gpt2.Encode(test.Item1)).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_word_of_a_megabyte_takes_time_in_proportion()
    {
        string repeated = string.Concat(Enumerable.Repeat("abracadabra", 100_000));
        int[] ids = s_gpt2.Encode(repeated);
        Assert.Equal(repeated, s_gpt2.Decode(ids));
        // Eight times the length: a quadratic merge would take 64 times as long.
        Assert.InRange(Seconds(1_048_576) / Seconds(131_072), 0, 40);

        double Seconds(int length) => Enumerable.Range(0, 4).Min(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            s_gpt2.Encode(repeated.AsSpan(0, length));
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        });
    }

    [Fact]
    public void Long_words_are_merged_as_short_ones_are()
    {
        Random random = new(7);
        foreach (int length in (int[])[2, 50, 95, 96, 97, 98, 150, 300])
        {
            byte[] word = [.. Enumerable.Range(0, length).Select(_ => (byte)random.GetItems("aeinrst"u8, 1)[0])];
            Assert.Equal(MergedByTheDefinition(word), s_gpt2.EncodeUtf8(word));
        }
    }

    [Fact]
    public void A_text_cut_anywhere_has_the_ids_of_the_whole()
    {
        string text = "It's a  test,\r\n\r\n  isn't it? 吾輩は\u3000猫である。 <|endoftext|> 12 34 𠮷𠮷 <|end we're 'll'll\u00a0 x   <|endoftext|><|endoftext|>!";
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), 0xFF, 0xE3, 0x81, .. "end  "u8];
        TextInBlocks.AssertSameIds(s_gpt2, bytes, Enumerable.Range(1, bytes.Length));
    }

    [Fact]
    public void A_vocabulary_that_is_none_is_refused_by_what_is_wrong()
    {
        (string[] Tokens, (string, string)[] Merges, int[] Special, string Reason)[] cases =
        [
            ([], [], [], "at least one token"),
            (["a", ""], [], [], "token 1 has no bytes"),
            (["a", "b", "a"], [], [], "token 2, \"a\", is token 0 already"),
            (["a", "猫"], [], [], "token 1, \"猫\", has a character that stands for no byte"),
            (["a", "b"], [("a", "b")], [], "merge 0 gives \"ab\", which is not in the vocabulary"),
            (["a", "b", "ab"], [("a", "b"), ("ab", "c")], [], "merge 1 names \"c\", which is not in the vocabulary"),
            (["a", "b", "ab"], [("a", "b"), ("a", "b")], [], "merge 1 repeats merge 0"),
            (["a", "b", "ab"], [("a", "b")], [2], "gives \"ab\", which is not in the vocabulary"),
            (["a"], [], [1], "the special token 1 is not in a vocabulary of 1"),
        ];
        Assert.All(cases, test => Assert.Contains(test.Reason, Assert.ThrowsAny<ArgumentException>(
            () => BytePairTokenizer.FromAlphabet(test.Tokens, test.Merges, test.Special.ToHashSet())).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_byte_that_is_not_in_the_vocabulary_is_named_with_its_place()
    {
        BytePairTokenizer tokenizer = BytePairTokenizer.FromAlphabet(["a", "Ċ"], [], new HashSet<int>());
        Assert.Contains("the byte 0x62", Assert.Throws<TextEncodingException>(() => tokenizer.Encode("a\nab")).Message, StringComparison.Ordinal);
        Assert.Contains("line 2, character 2", Assert.Throws<TextEncodingException>(() => tokenizer.Encode("a\nab")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_tokenizers_have_equal_hashes()
    {
        string[] tokens = ["a", "b", "ab", "<s>"];
        BytePairTokenizer one = Make([3]), same = Make([3]), other = Make([]);
        Assert.Equal(one.Hash, same.Hash);
        Assert.NotEqual(one.Hash, other.Hash);

        BytePairTokenizer Make(int[] special) => BytePairTokenizer.FromAlphabet(tokens, [("a", "b")], special.ToHashSet());
    }

    /// <summary>Byte-pair encoding as it is defined: join the pair that was learned first, and again.</summary>
    private static List<int> MergedByTheDefinition(byte[] word)
    {
        List<int> ids = [.. word.Select(value => s_gpt2.EncodeUtf8([value])[0])];
        while (true)
        {
            var best = Enumerable.Range(0, ids.Count - 1)
                .Select(at => (Rank: RankOf(ids[at], ids[at + 1]), At: at)).Where(pair => pair.Rank >= 0).DefaultIfEmpty((Rank: -1, At: -1)).Min();
            if (best.At < 0)
                return ids;
            ids[best.At] = s_gpt2.Merges[best.Rank].Result;
            ids.RemoveAt(best.At + 1);
        }
    }

    private static int RankOf(int left, int right)
    {
        for (int rank = 0; rank < s_gpt2.Merges.Count; rank++)
        {
            if (s_gpt2.Merges[rank].Left == left && s_gpt2.Merges[rank].Right == right)
                return rank;
        }
        return -1;
    }
}
