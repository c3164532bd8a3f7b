using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public class TextBeginningTests
{
    [Theory]
    [InlineData("First Citizen:\nBefore we proceed", "First Citizen:")]
    [InlineData("It was the best of times, it was the worst of times", "It was the best of")]
    [InlineData("\r\n\n  吾輩は猫である。\n名前はまだ無い。", "吾輩は猫である。")]
    [InlineData("It costs $5", "It costs")]
    [InlineData("\"Quoted\" text", null)]
    [InlineData("\n \n", null)]
    public void Of_a_text_in_characters_it_is_the_first_words_of_the_first_line(string text, string? expected) =>
        Assert.Equal(expected, Of(text, CharacterTokenizer.FromText(text)));

    [Fact]
    public void It_ends_with_a_whole_token_and_a_whole_character()
    {
        const string word = "Antidisestablishmentarianism";
        Assert.Equal(word, Of(word + " is long", WordTokenizer.FromText(word + " is long")));
        Assert.Equal("吾輩は猫である。名前はまだ無い。どこで生れたかと", Of("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", Gpt2Tokenizer.Instance));
    }

    private static string? Of(string text, ITokenizer tokenizer) =>
        TextBeginning.Of(TokenSource.FromIds(tokenizer.Encode(text), tokenizer.VocabularySize), tokenizer);
}
