using System.CommandLine;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Speech;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>The help in Japanese, of which a character takes two columns. Nothing else runs beside these tests: the language is that of the whole program.</summary>
[Collection("Alone")]
public sealed class JapaneseHelpTests : IDisposable
{
    private const string NeverFirst = "、。）」：・ーっゃゅょッャュョ]", NeverLast = "（「[";

    public JapaneseHelpTests() => Messages.Language = Language.Japanese;

    public void Dispose() => Messages.Language = Language.English;

    [Theory]
    [InlineData("rank 1 of 2 (process 7 on a) has died", "rank 1 of 2 (process 7 on a) が落ちました。")]
    [InlineData("one of the ranks has not answered rank 0 of 2 (process 7 on a) for 30 minutes", "いずれかのランク が 30 分間 rank 0 of 2 (process 7 on a) に応答していません。")]
    public void What_ends_all_ranks_is_said_in_Japanese(string reason, string told) =>
        Assert.StartsWith(told, LibraryMessages.Translated(
            $"{reason}: all ranks end; the last checkpoint is whole, and the run can go on from it on any number of ranks"), StringComparison.Ordinal);

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    public void The_help_of_every_verb_fits_into_the_terminal_and_breaks_lines_where_Japanese_does(int width)
    {
        foreach (Command command in Commands(new AllVerbs()))
        {
            string[] lines = PageOf(command, width);
            int end = Array.IndexOf(lines, "例:"); // an example is pasted: it stays on its line
            Assert.All(lines[..(end < 0 ? lines.Length : end)], line =>
            {
                Assert.True(Columns(line) <= width || line.StartsWith("  minigpt ", StringComparison.Ordinal), line);
                Assert.DoesNotContain(line.Trim().FirstOrDefault(' '), NeverFirst);
                Assert.DoesNotContain(line.LastOrDefault(' '), NeverLast);
            });
        }
    }

    [Fact]
    public void Options_have_their_defaults_and_that_they_are_required_in_Japanese_with_the_numbers_of_the_English_help()
    {
        foreach (Command command in Commands(new AllVerbs()))
        {
            string[] japanese = [.. Defaults(PageOf(command, 100), "[既定: ")];
            Messages.Language = Language.English;
            string[] english = [.. Defaults(PageOf(command, 100), "[default: ")];
            Messages.Language = Language.Japanese;
            Assert.Equal(english.Where(IsNumber), japanese.Where(IsNumber));
            Assert.Equal(english.Length, japanese.Length);
        }
        string train = string.Join('\n', PageOf(new AllVerbs().Subcommands.Single(verb => verb.Name == "train"), 100));
        Assert.Contains("  --layers N                 トランスフォーマーのブロックの数。 [既定: 4]\n", train, StringComparison.Ordinal);
        Assert.Contains("  --unknown error|skip         語彙にない文字や単語をどうするか。 [既定: error]\n", train, StringComparison.Ordinal);
        Assert.Contains("  --out PAGE.html   書くページ。 [必須]\n", string.Join('\n', PageOf(new AllVerbs().Subcommands.Single(verb => verb.Name == "compare"), 100)), StringComparison.Ordinal);
    }

    private static bool IsNumber(string text) => text.All(letter => char.IsAsciiDigit(letter) || letter is '.' or 'E' or '-');

    private static IEnumerable<string> Defaults(string[] page, string opening) =>
        string.Join(' ', page.Select(line => line.Trim())).Split(opening).Skip(1).Select(rest => rest[..rest.IndexOf(']', StringComparison.Ordinal)].Trim());

    private static string[] PageOf(Command command, int width)
    {
        using StringWriter page = new();
        HelpPage.Write(page, command, width);
        return page.ToString().Split('\n');
    }

    private static int Columns(string line) => line.Sum(letter => letter is >= '\u2E80' and <= '\uFFEF' ? 2 : 1);

    private static IEnumerable<Command> Commands(Command command) => command.Subcommands.SelectMany(Commands).Prepend(command);
}
