using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>NO_COLOR, as https://no-color.org has it: a terminal is drawn on, without colours.</summary>
public sealed class NoColorTests : IDisposable
{
    private const string Train = "train --data text.txt --layers 1 --heads 1 --width 8 --context 8 --batch-size 2 --steps 2 --eval-every 0 --overwrite --out run";

    private readonly TemporaryFolder _folder = new();

    public NoColorTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", true)]
    [InlineData("NO_COLOR=1", false)]
    public void Colours_are_left_out_where_they_are_not_wanted(string variable, bool hasColours)
    {
        Assert.SkipUnless(Minigpt.Shell(_folder.Root, "script --version").ExitCode == 0, "there is no script(1) to make a terminal with");
        _folder.Write("inside.sh", $"stty cols 80 rows 24\nTERM=xterm-256color {variable} {Minigpt.Command} {Train}\n");
        Outcome outcome = Minigpt.Shell(_folder.Root, "script --quiet --return --command 'sh inside.sh' /dev/null </dev/null");
        Assert.True(outcome.ExitCode == 0, outcome.Output);
        Assert.Contains("2 steps", outcome.Output, StringComparison.Ordinal);
        // Select Graphic Rendition (ECMA-48): 30 to 49 and 90 to 107 are colours.
        Assert.Equal(hasColours, System.Text.RegularExpressions.Regex.IsMatch(outcome.Output, "\u001b\\[[0-9;]*?\\b(3[0-8]|4[0-8]|9[0-7])[0-9;]*m"));
    }
}
