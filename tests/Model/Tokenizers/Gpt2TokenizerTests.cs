using System.Text;
using System.Text.Json;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class Gpt2TokenizerTests
{
    private static readonly BytePairTokenizer s_gpt2 = Gpt2Tokenizer.Instance;

    [Fact]
    public void A_program_of_6000_words_has_OpenAIs_ids_and_comes_back_byte_for_byte()
    {
        byte[] text = File.ReadAllBytes(Fixtures.File("tokenizer", "gpt2", "lib.rs.txt"));
        int[] ids = JsonSerializer.Deserialize<int[]>(File.ReadAllText(Fixtures.File("tokenizer", "gpt2", "tokens_gpt2.json")))!;
        Assert.Equal(ids, s_gpt2.EncodeUtf8(text));
        Assert.Equal(ids, s_gpt2.Encode(Encoding.UTF8.GetString(text)));
        Assert.Equal(text, s_gpt2.DecodeBytes(ids));
    }

    [Fact]
    public void Shakespeare_has_the_token_counts_of_nanoGPT()
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt"));
        int length = (int)Split.TrainLength(text.Length, 0.1);
        Assert.Equal((301_966, 36_059), (s_gpt2.Encode(text.AsSpan(0, length)).Length, s_gpt2.Encode(text.AsSpan(length)).Length));
    }

    [Fact]
    public void The_embedded_vocabulary_is_OpenAIs_file()
    {
        Dictionary<string, int> expected =
            JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(Fixtures.File("tokenizer", "gpt2", "encoder.json")))!;
        Assert.Equal(expected.Count, s_gpt2.VocabularySize);
        Assert.All(expected, token => Assert.Equal(token.Key, s_gpt2.AlphabetText(token.Value)));
        Assert.Equal(
            File.ReadLines(Fixtures.File("tokenizer", "gpt2", "vocab.bpe")).Skip(1),
            s_gpt2.Merges.Select(merge => $"{s_gpt2.AlphabetText(merge.Left)} {s_gpt2.AlphabetText(merge.Right)}"));
        Assert.Equal([s_gpt2.EndOfTextId!.Value], s_gpt2.SpecialIds);
        Assert.Equal(50256, s_gpt2.EndOfTextId);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("hello world", "31373,995")] // ids by OpenAI's tiktoken
    [InlineData("<|endoftext|>", "50256")]
    [InlineData("a<|endoftext|>b", "64,50256,65")]
    public void Short_texts_have_known_ids(string text, string ids) => Assert.Equal(ids, string.Join(',', s_gpt2.Encode(text)));
}
