using System.Text;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Generation;

public class SampleTextTests
{
    private const string Text = "Now is the winter of our discontent made glorious summer";

    [Theory]
    [InlineData("winter", "Now is the ")]
    [InlineData("N", "")]
    [InlineData("summer", "Now is the winter of our discontent made glorious ")]
    [InlineData("summers", Text)]
    [InlineData("Winter", Text)]
    [InlineData("our|is|of", "Now ")]
    [InlineData("tt|nt|ntent", "Now is the wi")]
    public void A_text_ends_before_the_first_stop_text(string stops, string expected)
    {
        Assert.Equal(expected, Write(CharacterTokenizer.FromText(Text), Text, stops.Split('|'), out _));
    }

    [Fact]
    public void A_stop_text_is_found_across_the_borders_of_tokens_of_any_length()
    {
        BytePairTokenizer tokenizer = Gpt2Tokenizer.Instance;
        string text = "one two three <stop>four";
        Assert.True(tokenizer.Encode("<stop>").Length > 1);
        Assert.Equal("one two three ", Write(tokenizer, text, ["<stop>"], out bool stopped));
        Assert.True(stopped);
        Assert.Equal(text, Write(tokenizer, text, ["<stop>five", "fourth"], out stopped));
        Assert.False(stopped);
    }

    [Fact]
    public void Only_what_could_become_a_stop_text_is_held_back()
    {
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("abc");
        SampleText text = new(tokenizer, ["abcc"]);
        string[] pieces = [.. tokenizer.Encode("aababcabccc").Select(id => text.Append(id).ToString())];
        Assert.Equal(["", "a", "", "ab", "", "", "abc", "", "", "", ""], pieces);
        Assert.Equal("", text.Finish().ToString());
    }

    [Fact]
    public void Pieces_are_whole_characters()
    {
        BytePairTokenizer tokenizer = Gpt2Tokenizer.Instance;
        SampleText text = new(tokenizer);
        string[] pieces = [.. tokenizer.Encode("吾輩は猫である😀").Select(id => text.Append(id).ToString())];
        Assert.Contains("", pieces);
        Assert.DoesNotContain(pieces, piece => piece.Contains('\uFFFD') || (piece.Length > 0 && char.IsHighSurrogate(piece[^1])));
        Assert.Equal("吾輩は猫である😀", string.Concat(pieces));
    }

    [Fact]
    public void An_empty_stop_text_is_refused() =>
        Assert.Throws<ArgumentException>(() => new SampleText(CharacterTokenizer.FromText("a"), [""]));

    private static string Write(ITokenizer tokenizer, string text, string[] stops, out bool stopped)
    {
        SampleText stream = new(tokenizer, stops);
        StringBuilder written = new();
        foreach (int id in tokenizer.Encode(text))
            written.Append(stream.Append(id));
        written.Append(stream.Finish());
        stopped = stream.IsStopped;
        return written.ToString();
    }
}
