using MiniGpt.Cli.Display;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>Where lines end: between words, and in Japanese between characters, but not at every one.</summary>
public sealed class ProseTests
{
    [Theory]
    [InlineData("a model that reads", 8, "a model|that|reads")]
    [InlineData("モデルを読む", 6, "モデル|を読む")]
    [InlineData("文章。読む", 4, "文|章。|読む")] // no line begins with a full stop
    [InlineData("文（章）読む", 6, "文|（章）|読む")] // or with a closing bracket, or ends with an opening one
    [InlineData("チャット", 6, "チャッ|ト")] // or begins with a small letter
    [InlineData("層.ヘッド", 6, "層.|ヘッド")]
    [InlineData("既定は 0.004 です", 8, "既定は|0.004 で|す")] // a number stays whole
    public void Lines_end_where_readers_expect_it(string text, int width, string lines) =>
        Assert.Equal(lines.Split('|'), Prose.Wrapped(text, "", width).Split('\n'));

    [Fact]
    public void What_stays_together_goes_to_the_next_line_whole_and_leaves_no_mark() =>
        Assert.Equal(["ブロックの", "[既定: 790]"], Prose.Wrapped($"ブロックの {Prose.Together("[既定: ")}790]", "", 14).Split('\n'));

    [Fact]
    public void Names_of_facts_are_as_wide_as_they_look() =>
        Assert.Equal("損失     1.5\nloss     2\nperplex  3", Facts.Of(("損失", "1.5"), ("loss", "2"), ("perplex", "3")));
}
