using System.Text.Json;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>report.html, which train writes, the page of minigpt compare, and the pages of lessons, opened in Chromium.</summary>
public sealed class CurvesPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_report_of_a_run_shows_what_was_logged_and_comparing_lays_runs_over_each_other()
    {
        string text = _folder.Write("text.txt", string.Concat(Enumerable.Repeat("the cat sat on the mat. </script> ", 60)));
        foreach (string name in (string[])["a", "b"])
        {
            Minigpt.Success(_folder.Root, "train", "--data", text, "--out", name, "--layers", "1", "--heads", "2", "--width", "8", "--context", "16",
                "--batch-size", "2", "--steps", "12", "--log-every", "2", "--eval-every", "4", "--sample-every", "6", "--seed", name == "a" ? "1" : "2");
        }

        string[] lines = await File.ReadAllLinesAsync(_folder.File("a/metrics.jsonl"));
        double[] losses = [.. lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("loss", out _)).Select(line => line.GetProperty("loss").GetDouble())];
        await using (OpenPage report = await browser.Open(_folder.File("a/report.html")))
        {
            foreach (string figure in await report.Figures())
                await report.Draw(figure);
            double[] shown = await report.Page.EvaluateAsync<double[]>(
                "minigpt.views.loss.data('loss').filter(point => point.line === 'each step').map(point => point.y)");
            Assert.Equal(losses, shown);
            Assert.Equal(2, await report.Page.Locator(".sample").CountAsync());
            Assert.Empty(report.Complaints);
        }

        string said = Minigpt.Success(_folder.Root, "compare", "a", "b", "--out", "both.html", "--language", "ja");
        Assert.Contains("最良の検証損失", said, StringComparison.Ordinal);
        await using OpenPage both = await browser.Open(_folder.File("both.html"));
        foreach (string figure in (await both.Figures()).Where(figure => figure.Length > 0))
            await both.Draw(figure);
        Assert.Equal(["a", "b"], await both.Page.EvaluateAsync<string[]>(
            "[...new Set(minigpt.views.validation.data('validation').map(point => point.line))]"));
        Assert.Equal(["seed"], await both.Page.Locator("#options tbody td:first-child").AllInnerTextsAsync());
        Assert.Empty(both.Complaints);
    }

    [Theory]
    [InlineData("attention", "en")]
    [InlineData("embedding", "ja")]
    [InlineData("positions", "ja")]
    [InlineData("scaling", "en")]
    public async Task Lessons_open_the_same_charts(string lesson, string language)
    {
        Minigpt.Success(_folder.Root, "lesson", lesson, "--out", "lesson.html", "--language", language);
        await using OpenPage open = await browser.Open(_folder.File("lesson.html"), width: 390);
        foreach (string figure in await open.Figures())
            await open.Draw(figure);
        Assert.Equal(0, await open.Page.Locator(".check.failed").CountAsync());
        Assert.NotEqual(0, await open.Page.Locator(".check.passed").CountAsync());
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        Assert.Empty(open.Complaints);
    }
}
