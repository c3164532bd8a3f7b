using System.Diagnostics;
using MiniGpt.Tests.Cli.Safety;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>explain, lesson and compare on the command line; their pages are opened in tests/Pages.</summary>
public sealed class PageVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lessons_are_listed_and_print_their_numbers()
    {
        string list = Minigpt.Success(_folder.Root, "lesson");
        Assert.All((string[])["attention", "one-hot", "embedding", "scaling", "mask", "positions", "source-attention", "next-token", "n-gram"],
            name => Assert.Contains($"  {name} ", list, StringComparison.Ordinal));
        string attention = Minigpt.Success(_folder.Root, "lesson", "attention");
        Assert.Contains("0.4421   0.5931   0.5790", attention, StringComparison.Ordinal);
        string embedding = Minigpt.Success(_folder.Root, "lesson", "embedding", "--language", "ja");
        Assert.Contains("0.2027   0.1172   0.2956   0.1217   0.2628", embedding, StringComparison.Ordinal);
        Assert.DoesNotContain("✗", attention + embedding, StringComparison.Ordinal);
    }

    [Fact]
    public void The_n_gram_lesson_leaves_out_a_newest_run_that_cannot_read_its_text_and_says_so()
    {
        SmallRun.WriteText(_folder); // without a capital R, which Shakespeare has
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "1", "--out", "runs/mine"]);
        Outcome outcome = Minigpt.Run(_folder.Root, "lesson", "n-gram");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Matches(@"^note: runs.mine cannot read the lesson's text: character .+ is not in its vocabulary; the tables are shown without a model",
            Assert.Single(outcome.Error.TrimEnd().Split('\n')));
        Assert.DoesNotContain("mine", outcome.Output, StringComparison.Ordinal);

        AssertRefused("runs/mine cannot read the lesson's text: character ", "runs/mine");
        Directory.Move(_folder.File("runs/mine"), _folder.File("mute"));
        File.Delete(_folder.File("mute/tokenizer.json"));
        AssertRefused("mute has no tokenizer, which it needs to read the lesson's text", "mute");

        void AssertRefused(string message, string model)
        {
            Outcome refused = Minigpt.Run(_folder.Root, "lesson", "n-gram", "--model", model);
            Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
            string line = Assert.Single(refused.Error.TrimEnd().Split('\n'));
            Assert.Contains(message, line, StringComparison.Ordinal);
            Assert.DoesNotContain("--unknown", line, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_n_gram_lesson_measures_the_newest_run_where_it_can_read_the_text()
    {
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model[2..], "--steps", "1", "--eval-every", "0", "--out", "runs/mine"]);
        Outcome outcome = Minigpt.Run(_folder.Root, "lesson", "n-gram");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Matches(@"n = 3\s+mine", outcome.Output);
    }

    [Theory]
    [InlineData("there is no lesson 'physics'; there are tokens, one-hot", "lesson", "physics")]
    [InlineData("--language: 'fr' found, one of en|ja expected", "lesson", "mask", "--language", "fr")]
    [InlineData("--model is for the lesson n-gram", "lesson", "mask", "--model", "x")]
    [InlineData(" compare --help", "compare", "--out", "x.html")]
    [InlineData("there is no model under runs", "explain", "--text", "x")]
    public void Wrong_usage_is_told(string message, params string[] arguments)
    {
        Outcome outcome = Minigpt.Run(_folder.Root, arguments);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_needs_no_option_and_makes_a_sentence_and_a_name_of_its_own()
    {
        ExampleModel.Tiny(_folder);
        foreach (string expected in (string[])["explain-tiny.html", "explain-tiny-2.html"])
        {
            Outcome outcome = Minigpt.Run(_folder.Root, "explain", "--model", "tiny");
            Assert.Equal((0, $"written to {expected}: open it in a browser\n"), (outcome.ExitCode, outcome.Error));
            Assert.Contains("To be, or not to be, that is the question", File.ReadAllText(_folder.File(expected)), StringComparison.Ordinal);
        }
        Minigpt.Refusal(_folder.Root, 2, "--beam is for models that translate, tiny does not", "explain", "--model", "tiny", "--beam", "2");
        Minigpt.Refusal(_folder.Root, 2, "--to is for models that translate, tiny does not", "explain", "--model", "tiny", "--to", "fr");
        RecordedModels.WithCharacters(_folder, "llama-tiny");
        Minigpt.Refusal(_folder.Root, 2, "--text gives it a sentence of its own", "explain", "--model", "llama-tiny");
    }

    [Fact]
    public void Explain_opens_the_page_and_says_where_no_browser_can_be_opened()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the program that opens pages is another one there");
        ExampleModel.Tiny(_folder);
        Directory.CreateDirectory(_folder.File("bin"));
        _folder.Write("bin/xdg-open", $"#!/bin/sh\necho \"$1\" > '{_folder.File("opened")}'\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder.File("bin/xdg-open"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string dotnet = Path.GetDirectoryName(Environment.ProcessPath)!;
        foreach ((string path, bool opens) in (IEnumerable<(string, bool)>)[($"{_folder.File("bin")}:{dotnet}", true), (dotnet, false)])
        {
            using Process process = Minigpt.Start(_folder.Root, new Dictionary<string, string> { ["PATH"] = path }, "explain", "--model", "tiny", "--out", "page.html", "--open");
            Outcome outcome = Minigpt.OutcomeOf(process);
            Assert.Equal(0, outcome.ExitCode);
            Assert.Contains(opens ? "written to page.html, and opened" : "no browser could be opened", outcome.Error, StringComparison.Ordinal);
        }
        Assert.True(SpinWait.SpinUntil(() => File.Exists(_folder.File("opened")) && new FileInfo(_folder.File("opened")).Length > 0, TimeSpan.FromSeconds(20)));
        Assert.EndsWith("page.html\n", File.ReadAllText(_folder.File("opened")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en", @"\b(bright|dark|behind)\b")]
    [InlineData("ja", "明るい|暗い|濃")]
    public void What_pages_of_sentences_say_holds_in_light_and_dark(string language, string wrong)
    {
        string[] sections = ["attention.", "groups.", "mask.", "masked.", "scaling.", "loss.", "next.", "lens.", "source.", "alignment.", "beams.", "rotation."];
        KeyValuePair<string, string>[] said = [.. LessonGuideTests.Texts(language).Where(text => sections.Any(section => text.Key.StartsWith(section, StringComparison.Ordinal)))];
        Assert.InRange(said.Length, 50, 200);
        Assert.All(said, text => Assert.DoesNotMatch(wrong, text.Value));
        // Characters are tokens as well as words are.
        Assert.All(said.Where(text => !text.Key.StartsWith("masked.", StringComparison.Ordinal) && !text.Key.Contains("alignment.", StringComparison.Ordinal)),
            text => Assert.DoesNotMatch(language == "en" ? @"\b[Ww]ord\b" : "この単語|ある単語", text.Value));
    }

    [Fact]
    public void A_folder_without_a_run_cannot_be_compared()
    {
        Outcome outcome = Minigpt.Run(_folder.Root, "compare", ".", "--out", "x.html");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("no metrics.jsonl found", outcome.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("x.html")));
    }

    [Fact]
    public void Both_languages_say_the_same_things()
    {
        Dictionary<string, string> english = LessonGuideTests.Texts("en"), japanese = LessonGuideTests.Texts("ja");
        // What Japanese words mean is said to those who do not read them.
        Assert.Equal(english.Keys.Where(key => !key.Contains(".word.", StringComparison.Ordinal)), japanese.Keys);
        Assert.All(japanese.Keys, key => Assert.Equal(Placeholders(english[key]), Placeholders(japanese[key])));

        static HashSet<string> Placeholders(string text) =>
            [.. System.Text.RegularExpressions.Regex.Matches(text, @"\{\w+\}").Select(match => match.Value)];
    }
}
