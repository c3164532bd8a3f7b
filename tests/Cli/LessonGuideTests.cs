using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Architecture;
using MiniGpt.Tests.Model.Lessons;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>What lessons say: in the terminal, on the page and in docs/, in both languages.</summary>
public sealed partial class LessonGuideTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("en", "lessons.md", "")]
    [InlineData("ja", "lessons.ja.md", " --language ja")]
    public void The_guide_says_what_the_lessons_say_in_their_order(string language, string guide, string option)
    {
        Dictionary<string, string> texts = Texts(language);
        StringBuilder expected = new();
        foreach (Lesson lesson in Lesson.All)
        {
            int stage = PictureTests.Lessons.Single(shown => shown.Lesson == lesson.Name).Stage;
            string key = Run(lesson).Stages[stage - 1].Key;
            expected.Append($"""

                ## {Text("title")}

                ```
                minigpt lesson {lesson.Name} --out {lesson.Name}.html{option}
                ```

                {Text("idea")}

                {Text("about")}

                ![{Text(key)}](pictures/lesson-{lesson.Name}.{language}.png)

                {Text($"{key}.look")}

                """.ReplaceLineEndings("\n"));

            string Text(string key) => texts[$"lesson.{lesson.Name}.{key}"];
        }
        string found = File.ReadAllText(Path.Combine(Sources.FindRoot(), "docs", guide)).ReplaceLineEndings("\n");
        Assert.Equal(expected.ToString(), found[found.IndexOf("\n## ", StringComparison.Ordinal)..]);
    }

    [Theory]
    [InlineData("en")]
    [InlineData("ja")]
    public void Terminal_and_page_begin_with_the_idea_and_no_line_is_wider_than_80_columns(string language)
    {
        Dictionary<string, string> texts = Texts(language);
        foreach (Lesson lesson in Lesson.All)
        {
            string output = Minigpt.Success(_folder.Root, "lesson", lesson.Name, "--language", language, "--out", "page.html");
            string idea = texts[$"lesson.{lesson.Name}.idea"];
            Assert.StartsWith(WithoutSpace(texts[$"lesson.{lesson.Name}.title"] + idea), WithoutSpace(output), StringComparison.Ordinal);
            Assert.All(output.Split('\n'), line => Assert.True(Columns(line) <= 80, line));
            string page = File.ReadAllText(_folder.File("page.html"));
            Assert.Contains("['idea', 'about'].map", page, StringComparison.Ordinal);
            Assert.Contains(idea[..20], page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_Japanese_word_of_a_lesson_has_its_meaning_beside_it_in_English()
    {
        Dictionary<string, string> english = Texts("en");
        (string Lesson, string Word)[] words = [.. Lesson.All.SelectMany(lesson => Run(lesson).Stages
            .SelectMany(stage => stage.Rows.Concat(stage.Columns)).Where(name => Japanese().IsMatch(name))
            .Select(name => (lesson.Name, name.Split(' ')[^1]))).Distinct()];
        Assert.True(words.Length > 20);
        Assert.All(words, word => Assert.Contains($"lesson.{word.Lesson}.word.{word.Word}", english.Keys));
        // What these three show is Japanese.
        Assert.Equal(["tokens", "translation", "word2vec"], words.Select(word => word.Lesson).Distinct());
        Assert.Contains("  女王 (queen) ", Minigpt.Success(_folder.Root, "lesson", "word2vec"), StringComparison.Ordinal);
        Assert.DoesNotContain("(queen)", Minigpt.Success(_folder.Root, "lesson", "word2vec", "--language", "ja"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lesson_is_found_by_the_word_that_learners_search_for() =>
        Assert.Equal(Minigpt.Success(_folder.Root, "lesson", "source-attention"), Minigpt.Success(_folder.Root, "lesson", "cross-attention"));

    internal static Dictionary<string, string> Texts(string language) => JsonSerializer.Deserialize<Dictionary<string, string>>(
        File.ReadAllText(Path.Combine(Sources.FindRoot(), "src", "Cli", "Pages", "Texts", $"{language}.json")))!;

    private static LessonResult Run(Lesson lesson) => LessonResults.Of(lesson.Name);

    private static string WithoutSpace(string text) => string.Concat(text.Where(letter => !char.IsWhiteSpace(letter)));

    private static int Columns(string line) => line.Sum(letter => letter is >= '\u2E80' and <= '\uFFEF' ? 2 : 1);

    [GeneratedRegex(@"[\u3040-\u30FF\u4E00-\u9FFF]")]
    private static partial Regex Japanese();
}
