using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class CharacterTokenizerTests
{
    private const string Japanese = """
        吾輩は猫である。名前はまだ無い。
        どこで生れたかとんと見当がつかぬ。🐈と𠮷野家。
        """;

    [Fact]
    public void Ids_follow_the_code_points()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("hello 🐈!\n");
        Assert.Equal(["\n", " ", "!", "e", "h", "l", "o", "🐈"], Enumerable.Range(0, 8).Select(tokenizer.TokenText));
        Assert.Equal([4, 3, 5, 5, 6, 1, 7, 2, 0], tokenizer.Encode("hello 🐈!\n"));
    }

    [Fact]
    public void Tinyshakespeare_has_nanoGPTs_65_characters()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(
            File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt")));
        Assert.Equal("\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            tokenizer.Decode([.. Enumerable.Range(0, tokenizer.VocabularySize)]));
        Assert.Equal([18, 47, 56, 57, 58], tokenizer.Encode("First"));
    }

    [Fact]
    public void Japanese_and_characters_beyond_16_bits_are_one_token_each()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(Japanese);
        int[] ids = tokenizer.Encode(Japanese);
        Assert.Equal(Japanese.EnumerateRunes().Count(), ids.Length);
        Assert.Equal(Japanese, tokenizer.Decode(ids));
        Assert.Equal("𠮷", tokenizer.TokenText(tokenizer.VocabularySize - 1));
    }

    [Fact]
    public void Any_text_comes_back()
    {
        Prop.ForAll(ArbMap.Default.ArbFor<NonEmptyString>(), any =>
        {
            string text = string.Concat(any.Get.EnumerateRunes()); // halves of pairs become U+FFFD
            CharacterTokenizer tokenizer = CharacterTokenizer.FromText(text);
            return tokenizer.Decode(tokenizer.Encode(text)) == text;
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void An_unknown_character_is_named_with_its_place()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("abc🐈\n");
        Assert.Equal("character 'é' (U+00E9) at line 2, character 4 is not in the vocabulary",
            Assert.Throws<TextEncodingException>(() => tokenizer.Encode("abc\na🐈cé")).Message);
        Assert.StartsWith("character U+0009 at line 1, character 1",
            Assert.Throws<TextEncodingException>(() => tokenizer.Encode("\t")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_character_can_be_left_out() =>
        Assert.Equal([0, 1], CharacterTokenizer.FromText("ab", UnknownCharacter.Skip).Encode("éa🐈b"));

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused_with_its_place()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("ab\n", UnknownCharacter.Skip);
        (string, string)[] cases = [("ab\ud83d", "U+D83D, at line 1, character 3"), ("ab\n\udc08b", "U+DC08, at line 2, character 1")];
        foreach ((string text, string reason) in cases)
        {
            ArgumentException error = Assert.Throws<TextEncodingException>(() => CharacterTokenizer.FromText(text));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
            Assert.Contains(reason, Assert.Throws<TextEncodingException>(() => tokenizer.Encode(text)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_vocabulary_is_neither_empty_nor_twofold()
    {
        Assert.Throws<ArgumentException>(() => CharacterTokenizer.FromText(""));
        Assert.Throws<ArgumentException>(() => new CharacterTokenizer([new Rune('a'), new Rune('a')]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void An_id_outside_the_vocabulary_is_refused(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CharacterTokenizer.FromText("ab").Decode([id]));
}
