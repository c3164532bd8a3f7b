using System.Text;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Tokenizers;

public class SpecialTokensTests
{
    [Theory]
    [InlineData("x<a><ab>y", "1@1 2@4")]
    [InlineData("<a<a><abc>", "1@2 3@5")] // the longest where several begin at one place
    [InlineData("<ab<a>", "1@3")]
    [InlineData("nothing < here", "")]
    public void They_are_found_from_left_to_right_the_longest_first(string text, string expected)
    {
        SpecialTokens tokens = Make("<a>", "<ab>", "<abc>");
        Assert.Equal(expected, string.Join(' ', tokens.Find(Encoding.UTF8.GetBytes(text)).Select(found => $"{found.Id}@{found.Start}")));
    }

    [Fact]
    public void A_thousand_of_them_are_found_as_by_looking_for_each()
    {
        Random random = new(1);
        string[] all = [.. Enumerable.Range(0, 1000).Select(_ => new string(random.GetItems("ab<>".AsSpan(), random.Next(2, 9)))).Distinct()];
        SpecialTokens tokens = Make(all);
        string text = new(random.GetItems("ab<> ".AsSpan(), 5000));
        List<(int, int)> expected = [];
        for (int at = 0; at < text.Length;)
        {
            string? longest = all.Where(token => string.CompareOrdinal(text, at, token, 0, token.Length) == 0).MaxBy(token => token.Length);
            if (longest is not null)
                expected.Add((at, Array.IndexOf(all, longest) + 1));
            at += longest?.Length ?? 1;
        }
        Assert.NotEmpty(expected);
        Assert.Equal(expected, tokens.Find(Encoding.UTF8.GetBytes(text)));
    }

    private static SpecialTokens Make(params string[] tokens) => new([.. tokens.Select((token, index) => (index + 1, Encoding.UTF8.GetBytes(token)))]);
}
