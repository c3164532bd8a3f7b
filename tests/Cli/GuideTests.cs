using System.CommandLine;
using System.Text.RegularExpressions;
using MiniGpt.Cli;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model.Lessons;
using MiniGpt.Model.Training;
using MiniGpt.Tests.Architecture;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>The course and the README, in both languages: what they ask readers to type and to look at is there.</summary>
public sealed partial class GuideTests
{
    private const int Chapters = 12;

    /// <summary>
    /// What a Japanese guide asks for, and the English one in its place: it learns from the Japanese text that comes with the program and not from Shakespeare,
    /// so it goes on with words of that text.
    /// </summary>
    private static readonly (string Japanese, string English)[] s_inPlaceOf =
    [
        (" --language ja", ""), (" --text ja", ""), ("README.ja.md", "README.md"),
        ("\"吾輩は猫である。名前は\"", "\"To be, or not\""), ("\"吾輩は猫\"", "\"To be\""), ("\"吾輩は\"", "\"ROMEO:\""),
    ];

    private static string Root => Sources.FindRoot();

    [Theory]
    [InlineData("README.md")]
    [InlineData("README.ja.md")]
    [InlineData("docs/course.md")]
    [InlineData("docs/course.ja.md")]
    [InlineData("docs/slides.md")]
    [InlineData("docs/slides.ja.md")]
    public void Every_command_of_a_guide_is_one_and_every_lesson_that_it_names_is_there(string guide)
    {
        string text = File.ReadAllText(Path.Combine(Root, guide));
        string[] commands = Commands(text);
        Assert.NotEmpty(commands);
        Assert.All(commands, command =>
        {
            ParseResult parsed = new AllVerbs().Parse(Words(command));
            Assert.True(parsed.Errors.Count == 0 && parsed.UnmatchedTokens.Count == 0, $"{command}: {string.Join("; ", parsed.Errors)}");
            if (command.StartsWith("lesson ", StringComparison.Ordinal))
                Assert.Contains(Words(command)[1], Lesson.All.Select(lesson => lesson.Name));
        });
    }

    [Fact]
    public void Every_link_of_a_document_leads_to_a_file_and_a_heading_that_are_there()
    {
        string[] files = [.. MarkdownLinks.Files(Root)];
        Assert.Contains(Path.Combine(Root, "docs", "course.ja.md"), files);
        Assert.All(files, file => Assert.True(!MarkdownLinks.Broken(file).Any(), $"{file}: {string.Join("; ", MarkdownLinks.Broken(file))}"));
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_seen()
    {
        using TemporaryFolder folder = new();
        folder.Write("there.md", "# A *first* `heading`, twice!\n\n# A first heading twice\n\n## 両方向に読むモデル\n\n<a id=\"Own_Name\"></a>\n\n```\n# no heading\n```\n");
        string from = folder.Write("from.md", """
            [a](there.md) ![b](there.md#a-first-heading-twice) [c](there.md#a-first-heading-twice-1 "title") [d](there.md#両方向に読むモデル) [e](#here)
            [f](there.md#Own_Name) [g](https://example.org/none) `[h](none.md)` <img src="there.md">

            ## Here

            [i](none.md) [j](there.md#no-heading) [k](#nowhere) <img src="none.png"> <xref href="None"></xref>
            """);
        Assert.Equal(["none.md: no such file", "there.md#no-heading: no such heading", "#nowhere: no such heading", "none.png: no such file", "<xref href=\"None\">"],
            MarkdownLinks.Broken(from));
    }

    [Theory]
    [InlineData("docs/course.md", "## Answers")]
    [InlineData("docs/course.ja.md", "## 解答")]
    public void Each_chapter_of_the_course_has_a_lesson_a_picture_and_three_exercises_with_their_answers(string course, string answers)
    {
        string text = File.ReadAllText(Path.Combine(Root, course)).ReplaceLineEndings("\n");
        string[] parts = text.Split($"\n{answers}\n");
        string[] chapters = [.. Heading().Split(parts[0]).Skip(1)];
        Assert.Equal(Chapters, chapters.Length);
        Assert.All(chapters, chapter =>
        {
            Assert.Contains("\nminigpt lesson ", chapter, StringComparison.Ordinal);
            Assert.Contains("](pictures/", chapter, StringComparison.Ordinal);
            Assert.Equal(["1.", "2.", "3."], Exercise().Matches(chapter[chapter.IndexOf('\n')..]).Select(match => match.Value.Trim()));
        });
        string[] answered = [.. Regex.Split(parts[1], @"\*\*\d+\.\*\*").Skip(1)];
        Assert.Equal(Chapters, answered.Length);
        Assert.All(answered, answer => Assert.Equal(["1:", "2:", "3:"], Answer().Matches(answer).Select(match => match.Value.Trim())));
    }

    [Theory]
    [InlineData("docs/course.md", "docs/course.ja.md")]
    [InlineData("docs/slides.md", "docs/slides.ja.md")]
    public void The_Japanese_guide_asks_for_what_the_English_one_asks_for_in_its_order(string english, string japanese) =>
        Assert.Equal(InEnglish(english), InEnglish(japanese));

    [Fact]
    public void The_Japanese_README_shows_every_command_of_the_English_one_and_no_other() =>
        Assert.Equal(InEnglish("README.md").ToHashSet(), InEnglish("README.ja.md").ToHashSet());

    [Fact]
    public void The_Japanese_course_learns_from_the_Japanese_text_and_goes_on_with_its_words()
    {
        string[] commands = Commands(File.ReadAllText(Path.Combine(Root, "docs", "course.ja.md")));
        string novel = File.ReadAllText(BundledFile.Of(BundledText.Novel));
        string[] trained = [.. commands.Where(command => command.StartsWith("train", StringComparison.Ordinal))];
        Assert.Equal(2, trained.Length);
        Assert.All(trained, command => Assert.Contains(" --text ja", command, StringComparison.Ordinal));
        string[] begun = [.. commands.Select(command => Begun().Match(command)).Where(match => match.Success).Select(match => match.Groups[1].Value)];
        Assert.Equal(6, begun.Length);
        Assert.All(begun, words => Assert.Contains(words, novel, StringComparison.Ordinal));
    }

    private static string[] InEnglish(string guide) =>
        [.. Commands(File.ReadAllText(Path.Combine(Root, guide))).Select(command => s_inPlaceOf.Aggregate(command, (said, pair) => said.Replace(pair.Japanese, pair.English, StringComparison.Ordinal)))];

    /// <summary>What stands in blocks of code behind the program's name, and in the first column of the README's table.</summary>
    private static string[] Commands(string text) =>
    [
        .. Typed().Matches(text).Select(match => match.Groups[1].Value.Trim()),
        .. TableRow().Matches(text).SelectMany(row => Quoted().Matches(row.Groups[1].Value).Select(match => match.Groups[1].Value)),
    ];

    private static string[] Words(string command) => [.. Word().Matches(command).Select(match => match.Value.Trim('"'))];

    [GeneratedRegex(@"^minigpt (.*)$", RegexOptions.Multiline)]
    private static partial Regex Typed();

    [GeneratedRegex(@"^\| (`(?:train|tokenize|sample|serve|eval|inspect|convert|explain|trace|lesson|word2vec|compare|gradcheck)\b[^|]*) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex("--(?:prompt|text) \"([^\"]+)\"")]
    private static partial Regex Begun();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^## ", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^\d\. ", RegexOptions.Multiline)]
    private static partial Regex Exercise();

    [GeneratedRegex(@"(?<=[ 。]|^)\d: ", RegexOptions.Multiline)]
    private static partial Regex Answer();
}
