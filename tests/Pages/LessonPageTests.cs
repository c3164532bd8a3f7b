using System.Globalization;
using Microsoft.Playwright;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Pages of lessons, opened in Chromium on a narrow screen: what they draw, at both ends of every slider, are the lesson's numbers.</summary>
public sealed class LessonPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const int Phone = 390;
    private const long MostBytes = 3_000_000;

    private readonly TemporaryFolder _folder = new();

    /// <summary>Every lesson, in English and in Japanese by turns.</summary>
    public static TheoryData<string, string> Pages => [.. Lesson.All.Index().Select(one => (one.Item.Name, one.Index % 2 == 0 ? "en" : "ja"))];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_draws_the_numbers_of_its_lesson(string name, string code)
    {
        Language language = code == "ja" ? Language.Japanese : Language.English;
        LessonResult result = LessonResults.Of(name, language);
        string file = _folder.File("lesson.html");
        LessonPage.Write(file, Lesson.All.Single(lesson => lesson.Name == name), result, Texts.Of(language));
        Assert.InRange(new FileInfo(file).Length, 1, MostBytes);
        await using OpenPage open = await browser.Open(file, Phone, language == Language.Japanese ? ColorScheme.Dark : ColorScheme.Light);
        Dictionary<string, int> stops = []; // where each slider stands: stages that share one move together
        foreach ((int index, LessonStage stage) in result.Stages.Index())
        {
            string figure = $"stage-{index + 1}";
            await open.Draw(figure);
            if (stage.Slider is not { } slider)
            {
                await Compare(open, figure, stage, stop: 0);
                continue;
            }
            stops.TryAdd(slider.Key, slider.Start);
            await Compare(open, figure, stage, stops[slider.Key]);
            await open.Page.FocusAsync($"#{figure}-slider");
            // To the end at which it does not stand, and to the other.
            string[] keys = stops[slider.Key] == 0 ? ["End", "Home"] : ["Home", "End"];
            foreach (string key in keys)
            {
                await open.Redraw(figure, () => open.Page.Keyboard.PressAsync(key));
                stops[slider.Key] = key == "Home" ? 0 : slider.Stops.Count - 1;
                await Compare(open, figure, stage, stops[slider.Key]);
            }
        }
        Assert.Equal(result.Checks.Count, await open.Page.Locator(".check.passed").CountAsync());
        Assert.Equal(0, await open.Page.Locator(".check.failed").CountAsync());
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, Phone);
        Assert.Empty(open.Complaints);
        Assert.All(open.Requests, request => Assert.StartsWith("file:", request, StringComparison.Ordinal));
    }

    private static async Task Compare(OpenPage open, string figure, LessonStage stage, int stop)
    {
        int frame = stage.Frames == 1 ? 0 : stop;
        if (stage.Kind == StageKind.Code)
        {
            Assert.Equal(string.Join('\n', stage.Rows), await open.Page.Locator($"#{figure} pre").TextContentAsync());
            return;
        }
        if (stage.Kind == StageKind.Pieces)
        {
            IReadOnlyList<string> pieces = await open.Page.Locator($"#{figure} .token").AllTextContentsAsync();
            Assert.Equal(stage.Pieces.Where(piece => piece.Frame == frame).OrderBy(piece => piece.Row).Select(piece => piece.Text.Replace(' ', '␣')), pieces);
            return;
        }
        double[] values = [.. Enumerable.Range(0, stage.Rows.Count).SelectMany(row => stage.Row(row, frame)).Where(double.IsFinite)];
        double[] expected = stage.Kind switch
        {
            StageKind.Weights => [.. values.Where(value => value != 0)],
            StageKind.Lattice => [.. stage.Pieces.Select(piece => piece.Score)],
            _ => values,
        };
        // A table has five digits.
        double relative = stage.Kind == StageKind.Table ? 1e-4 : 1e-12, absolute = stage.Kind == StageKind.Table ? 5.1e-5 : 1e-12;
        Assert.Equal(expected.Order(), (await Shown(open, figure, stage.Kind)).Order(), (a, b) => Math.Abs(a - b) <= absolute + relative * Math.Abs(a));
    }

    private static async Task<double[]> Shown(OpenPage open, string figure, StageKind kind)
    {
        if (kind == StageKind.Table)
        {
            IReadOnlyList<string> cells = await open.Page.Locator($"#{figure} .plain td").AllInnerTextsAsync();
            return [.. cells.Where(cell => cell.Length > 0).Select(cell => double.Parse(cell.Replace('−', '-'), NumberStyles.Number, CultureInfo.InvariantCulture))];
        }
        string read = kind switch
        {
            StageKind.Lines => "[d.y]",
            StageKind.Points => "[d.x, d.y]",
            StageKind.Lattice => "[d.score]",
            StageKind.Graph => "[d.value, d.gradient].filter(x => x !== null)",
            _ => "[d.v]",
        };
        return await open.Page.EvaluateAsync<double[]>($"minigpt.views['{figure}'].data('{figure}').flatMap(d => {read})");
    }
}
