using Microsoft.Playwright;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Cli;
using MiniGpt.Tests.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Pages as those see them who use a keyboard or a screen reader: axe-core finds nothing serious on them.</summary>
public sealed class AccessibilityTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, int, ColorScheme> Pages
    {
        get
        {
            TheoryData<string, string, int, ColorScheme> pages = new()
            {
                { "explain", "en", 1000, ColorScheme.Light },
                { "explain", "ja", 390, ColorScheme.Dark },
                { "explain another text", "ja", 390, ColorScheme.Light },
                { "explain a translation", "en", 390, ColorScheme.Light },
                { "explain masked words", "ja", 1000, ColorScheme.Dark },
                { "report", "en", 390, ColorScheme.Light },
                { "report", "en", 1000, ColorScheme.Dark },
                { "compare", "ja", 390, ColorScheme.Dark },
            };
            // The language of each lesson in which LessonPageTests shows it, the other screen and colours.
            foreach ((int index, Lesson lesson) in Lesson.All.Index())
                pages.Add(lesson.Name, index % 2 == 0 ? "en" : "ja", index % 3 == 0 ? 1000 : 390, index % 2 == 0 ? ColorScheme.Dark : ColorScheme.Light);
            return pages;
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task No_finding_of_axe_is_serious(string kind, string language, int width, ColorScheme scheme)
    {
        await using OpenPage open = await browser.Open(PageOf(kind, language), width, scheme);
        await Axe.Load(open);
        foreach (string figure in await open.Figures())
            await open.Draw(figure);
        await open.Page.EvaluateAsync("document.querySelectorAll('details').forEach(details => details.open = true)");
        // The rows of a table of numbers are alike, and axe takes its time over each.
        await open.Page.EvaluateAsync("document.querySelectorAll('details tbody tr:nth-child(n + 6)').forEach(row => row.remove())");
        int steps = await open.Page.EvaluateAsync<int>("window.minigpt.story?.count ?? 1");
        for (int step = 1; step <= steps; step++)
        {
            if (steps > 1)
                await open.Page.EvaluateAsync("step => { minigpt.story.go(step); }", step);
            await open.Page.WaitForFunctionAsync("step => !minigpt.story || minigpt.story.at() === step", step);
            // The rest of the page stays as it is while the story goes on.
            await Axe.AssertNothingSerious(open, step == 1 ? null : "#story");
        }
        Assert.Empty(open.Complaints);
    }

    private string PageOf(string kind, string language)
    {
        string file = _folder.File("page.html");
        switch (kind)
        {
            case "explain": // a short text: axe looks at each number of its tables
                Minigpt.Success(_folder.Root, "explain", "--model", ExampleModel.Tiny(_folder), "--text", "To be", "--against", "To me", "--out", file, "--language", language);
                return file;
            case "explain another text":
                Minigpt.Success(_folder.Root, "explain", "--model", ExampleModel.Tiny(_folder), "--text", "To be", "--out", file, "--language", language);
                return $"{file}?text=Or%20me";
            case "explain a translation":
                Minigpt.Success(_folder.Root, "explain", "--model", RecordedModels.WithCharacters(_folder, "marian-tiny"), "--text", RecordedModels.TextOf(15, 39, 14, 1), "--out", file, "--language", language);
                return file;
            case "explain masked words":
                Minigpt.Success(_folder.Root, "explain", "--model", RecordedModels.Bert(_folder), "--text", "w7 w8 [MASK] w9", "--out", file, "--language", language);
                return file;
            case "report":
                Train("run");
                return _folder.File("run/report.html");
            case "compare":
                Train("run");
                Train("other", "--seed", "2");
                Minigpt.Success(_folder.Root, "compare", "run", "other", "--out", file, "--language", language);
                return file;
            default:
                Language spoken = language == "ja" ? Language.Japanese : Language.English;
                LessonPage.Write(file, Lesson.All.Single(lesson => lesson.Name == kind), LessonResults.Of(kind, spoken), Texts.Of(spoken));
                return file;
        }
    }

    private void Train(string name, params string[] options)
    {
        string text = _folder.Write("text.txt", string.Concat(Enumerable.Repeat("the cat sat on the mat. ", 60)));
        Minigpt.Success(_folder.Root, ["train", "--data", text, "--out", name, "--layers", "1", "--heads", "2", "--width", "8", "--context", "16",
            "--batch-size", "2", "--steps", "12", "--log-every", "2", "--eval-every", "4", "--sample-every", "6", .. options]);
    }
}
