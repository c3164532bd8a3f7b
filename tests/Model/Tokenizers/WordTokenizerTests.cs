using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class WordTokenizerTests
{
    [Fact]
    public void Text_is_cut_where_white_space_begins_and_ends()
    {
        WordTokenizer tokenizer = WordTokenizer.FromText("ねこ は ひるね が すき\n\nねこ\u3000は!");
        Assert.Equal(["\n\n", " ", "\u3000", "が", "すき", "ねこ", "は", "は!", "ひるね"],
            Enumerable.Range(0, tokenizer.VocabularySize).Select(tokenizer.TokenText));
        Assert.Equal([5, 1, 6, 0, 4], tokenizer.Encode("ねこ は\n\nすき"));
    }

    [Fact]
    public void Any_text_comes_back()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<NonEmptyString>(), any =>
        {
            string text = string.Concat(any.Get.EnumerateRunes()); // halves of pairs become U+FFFD
            WordTokenizer tokenizer = WordTokenizer.FromText(text);
            return tokenizer.Decode(tokenizer.Encode(text)) == text;
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void An_unknown_word_is_named_with_its_place_or_left_out()
    {
        Assert.Equal("the word \"dog\" at line 2, character 2 is not in the vocabulary",
            Assert.Throws<TextEncodingException>(() => WordTokenizer.FromText("a \n a b").Encode("a \n dog")).Message);
        Assert.Equal([1, 0], WordTokenizer.FromText("a b", UnknownCharacter.Skip).Encode("a dog"));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_replaced() =>
        Assert.Equal([0], WordTokenizer.FromText("a\uFFFDb").EncodeUtf8([(byte)'a', 0xFF, (byte)'b']));

    [Fact]
    public void A_vocabulary_is_of_words_and_white_space()
    {
        Assert.Throws<ArgumentException>(() => WordTokenizer.FromText(""));
        Assert.Throws<ArgumentException>(() => new WordTokenizer(["a", "a"]));
        Assert.Throws<ArgumentException>(() => new WordTokenizer(["a b"]));
        Assert.Throws<ArgumentException>(() => new WordTokenizer([""]));
        Assert.Equal("ab", Encoding.UTF8.GetString(new WordTokenizer(["ab"]).DecodeBytes([0])));
    }
}
