using System.Text;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class StreamingDecoderTests
{
    [Theory]
    [InlineData("吾輩は猫である。🐈‍⬛ 𠮷野家で e\u0301 ñ")]
    [InlineData("plain")]
    [InlineData("")]
    public void Every_piece_is_whole_characters_and_all_of_them_are_the_text(string text)
    {
        StreamingDecoder decoder = new(Gpt2Tokenizer.Instance);
        foreach (int[] ids in (int[][])[Gpt2Tokenizer.Instance.Encode(text), SingleBytes(Encoding.UTF8.GetBytes(text))])
        {
            StringBuilder all = new();
            foreach (int id in ids)
            {
                string piece = decoder.Append(id).ToString();
                Assert.DoesNotContain('\uFFFD', piece);
                Assert.Equal(piece, string.Concat(piece.EnumerateRunes())); // no half of a surrogate pair
                all.Append(piece);
            }
            all.Append(decoder.Finish());
            Assert.Equal(text, all.ToString());
        }
    }

    [Fact]
    public void Japanese_of_a_small_vocabulary_comes_in_whole_characters()
    {
        byte[] text = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "data", "wagahaiwa_nekodearu.txt"))[..100_000];
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add(text);
        BytePairTokenizer tokenizer = trainer.Train(1024);
        string expected = Encoding.UTF8.GetString(text).TrimEnd('\uFFFD');
        int[] ids = tokenizer.Encode(expected);
        Assert.Contains(ids, id => tokenizer.TokenText(id).Contains("\\x", StringComparison.Ordinal)); // many tokens are parts of characters
        StreamingDecoder decoder = new(tokenizer);
        StringBuilder all = new();
        foreach (int id in ids)
            all.Append(decoder.Append(id));
        Assert.DoesNotContain('\uFFFD', all.ToString());
        Assert.Equal(expected, all.ToString());
    }

    [Fact]
    public void Bytes_that_cannot_become_a_character_are_replaced_as_soon_as_that_is_certain()
    {
        StreamingDecoder decoder = new(Gpt2Tokenizer.Instance);
        string[] pieces = [.. SingleBytes([0xE3, 0x81, (byte)'a', 0xFF, 0xE3]).Select(id => decoder.Append(id).ToString())];
        Assert.Equal(["", "", "\uFFFDa", "\uFFFD", ""], pieces);
        Assert.Equal("\uFFFD", decoder.Finish().ToString());
        Assert.Equal("a", decoder.Append(Gpt2Tokenizer.Instance.Encode("a")[0]).ToString());
    }

    [Fact]
    public void A_warm_decoder_allocates_nothing()
    {
        int[] ids = Gpt2Tokenizer.Instance.Encode("吾輩は猫である。名前はまだ無い。");
        StreamingDecoder decoder = new(Gpt2Tokenizer.Instance);
        int characters = 0;
        Allocations.AssertNone(() =>
        {
            characters = 0;
            foreach (int id in ids)
                characters += decoder.Append(id).Length;
        });
        Assert.Equal(16, characters);
    }

    private static int[] SingleBytes(byte[] bytes) => [.. bytes.Select(value => Gpt2Tokenizer.Instance.EncodeUtf8([value])[0])];
}
