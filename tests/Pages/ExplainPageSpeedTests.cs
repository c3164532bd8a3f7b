using System.Diagnostics;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>How large the page of minigpt explain is, how long it takes to make, and how long to open and to redraw in Chromium.</summary>
[Collection("Alone")]
public sealed class ExplainPageSpeedTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const int MostBytes = 3_000_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_page_for_64_tokens_is_small_made_in_two_seconds_and_ready_in_one()
    {
        string folder = ExampleModel.Tiny(_folder), file = _folder.File("page.html");
        Quickest.AssertWithin(TimeSpan.FromSeconds(2), () => Explain(folder, ExampleModel.Sentence, file));
        Assert.InRange(new FileInfo(file).Length, 1, MostBytes);

        await Quickest.AssertWithin(TimeSpan.FromSeconds(1), async () =>
        {
            await using OpenPage open = await browser.Open(file);
            // From the start of the navigation until a click has changed the page, with the first figure drawn.
            await open.Page.WaitForFunctionAsync("document.querySelector('#flow').dataset.drawn");
            await open.Page.ClickAsync("nav button");
            Assert.Equal("dark", await open.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
            return TimeSpan.FromMilliseconds(await open.Page.EvaluateAsync<double>("performance.now()"));
        });
    }

    [Fact]
    public async Task Another_head_of_256_tokens_is_drawn_in_five_seconds()
    {
        string file = _folder.File("page.html");
        Explain(ExampleModel.Large(_folder), string.Concat(Enumerable.Repeat(ExampleModel.Sentence, 4)), file);
        await using OpenPage open = await browser.Open(file);
        await open.Draw("attention-map");
        int head = 0;
        await Quickest.AssertWithin(TimeSpan.FromSeconds(5), async () =>
        {
            head = (head + 1) % 12;
            long start = Stopwatch.GetTimestamp();
            await open.Redraw("attention-map", () => open.Page.EvaluateAsync($"minigpt.showAttention(11, {head})"));
            return Stopwatch.GetElapsedTime(start);
        });
    }

    private void Explain(string model, string text, string file) =>
        Minigpt.Success(_folder.Root, "explain", "--model", model, "--text", text, "--out", file);
}
