using System.Text;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class TextWordsTests
{
    [Theory]
    [InlineData("The king, the king!", "The|king|the|king")]
    [InlineData("don't well-born new_york l’eau", "don't|well-born|new_york|l’eau")]
    [InlineData("'tis death--a 'quoted' word- _x_", "tis|death|a|quoted|word|x")]
    [InlineData("Straße café cafe\u0301 naïve 42nd", "Straße|café|cafe\u0301|naïve|42nd")]
    [InlineData("王 は 女王、と。", "王|は|女王|と")]
    [InlineData("a\tb\r\nc\u00A0d", "a|b|c|d")]
    [InlineData("...!?", "")]
    [InlineData("", "")]
    public void A_text_is_cut_into_words(string text, string expected) => Assert.Equal(expected, string.Join('|', Words(Encoding.UTF8.GetBytes(text))));

    [Fact]
    public void Bytes_that_are_no_text_stand_between_words() => Assert.Equal(["ab", "cd"], Words([(byte)'a', (byte)'b', 0xFF, (byte)'c', (byte)'d', 0xE3, 0x81]));

    [Fact]
    public void What_is_longer_than_any_word_is_none() => Assert.Equal(["b"], Words(Encoding.UTF8.GetBytes(new string('a', TextWords.LongestWord + 1) + " b")));

    [Fact]
    public void A_block_ends_behind_its_last_white_space()
    {
        Assert.Equal(3, TextWords.LengthOfWholeWords("ab cd"u8, isFinal: false));
        Assert.Equal(5, TextWords.LengthOfWholeWords("ab cd"u8, isFinal: true));
        Assert.Equal(0, TextWords.LengthOfWholeWords("abcd"u8, isFinal: false));
    }

    private static List<string> Words(byte[] text)
    {
        List<string> words = [];
        for (int at = 0; at < text.Length;)
        {
            int length = TextWords.NextLength(text.AsSpan(at));
            Assert.InRange(length, 1, text.Length - at);
            if (TextWords.IsWord(text.AsSpan(at, length)))
                words.Add(Encoding.UTF8.GetString(text, at, length));
            at += length;
        }
        return words;
    }
}
