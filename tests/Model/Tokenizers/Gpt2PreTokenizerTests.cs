using System.Text;
using System.Text.RegularExpressions;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public partial class Gpt2PreTokenizerTests
{
    [Theory]
    [InlineData("Hello world", "Hello| world")]
    [InlineData("it's we'll've 'd'x I'D", "it|'s| we|'ll|'ve| '|d|'|x| I|'|D")]
    [InlineData("a  b\n\nc \n", "a| | b|\n|\n|c| \n")]
    [InlineData("x=12３½,,  ", "x|=|12３½|,,|  ")]
    [InlineData("吾輩は猫。\u3000名前", "吾輩は猫|。|\u3000|名前")]
    [InlineData("𠮷野家𠮷 𠮷🐈🐈", "𠮷野家𠮷| 𠮷|🐈🐈")] // letters beyond 16 bits are letters
    [InlineData("e\u0301e", "e|\u0301|e")]
    public void Text_is_cut_as_GPT2_cuts_it(string text, string pieces) => Assert.Equal(pieces.Split('|'), Cut(text));

    [Fact]
    public void Text_of_16_bits_is_cut_as_by_the_regular_expression()
    {
        Random random = new(20);
        string[] kinds = [" \n\t\r\u00a0\u3000", "aeéßДшדع", "猫は々ー", "0129٣²Ⅳ", "'sdtmrevl", ".,!-\u0301\u200b\u00ad\u0000", "\u2028\u0085\u180e\u200a"];
        for (int round = 0; round < 3000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.GetItems(random.GetItems(kinds, 1)[0].AsSpan(), 1)[0]));
            Assert.Equal(Pattern().Matches(text).Select(match => match.Value), Cut(text));
        }
    }

    [Fact]
    public void Every_character_of_16_bits_is_of_the_kind_that_the_regular_expression_says()
    {
        foreach (char value in Enumerable.Range(0, 0x10000).Select(value => (char)value).Where(value => !char.IsSurrogate(value)))
        {
            string text = $"a{value}1{value}.{value} {value}  ";
            Assert.Equal(Pattern().Matches(text).Select(match => match.Value), Cut(text));
        }
    }

    private static string[] Cut(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<string> pieces = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = Gpt2PreTokenizer.Next(bytes.AsSpan(at));
            pieces.Add(Encoding.UTF8.GetString(bytes.AsSpan(at, length)));
            at += length;
        }
        return [.. pieces];
    }

    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Pattern();
}
