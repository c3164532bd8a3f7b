using Microsoft.Playwright;
using MiniGpt.Server;
using MiniGpt.Tests.Architecture;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>The service's own page, opened in Chromium.</summary>
public sealed class ServePageTests(Browser browser, ServedTinyModel server) : IClassFixture<Browser>, IClassFixture<ServedTinyModel>
{
    [Theory]
    [InlineData("en", ColorScheme.Light, 1000, "Write", "#fbfbfd")]
    [InlineData("ja", ColorScheme.Dark, 390, "書く", "#12131a")]
    public async Task It_writes_with_what_was_chosen_and_goes_on_from_another_token(string language, ColorScheme scheme, int width, string write, string paper)
    {
        await using OpenPage open = await browser.Open(server.Address, width, scheme, language);
        IPage page = open.Page;
        await page.Locator("#model", new PageLocatorOptions { HasTextString = "tiny · gpt2" }).WaitForAsync();
        Assert.Equal(write, await page.InnerTextAsync("#write"));
        Assert.Equal(paper, await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).getPropertyValue('--paper')"));
        await page.FillAsync("#prompt", "First Citizen:");
        await page.FillAsync("#seed", "3");
        await page.FillAsync("#max_tokens", "30");
        await page.FillAsync("#temperature", "0.5");
        Assert.Equal("0.5", await page.InnerTextAsync("label[data-name=temperature] output"));
        await page.ClickAsync("#write");
        await Done(page);
        string expected = (string)(await server.Post("/v1/completions", """{"prompt":"First Citizen:","max_tokens":30,"seed":3,"temperature":0.5}"""))["choices"]![0]!["text"]!;
        Assert.Equal("First Citizen:" + expected, await page.Locator("#text").TextContentAsync());
        Assert.Equal(30, await page.Locator(".token").CountAsync());

        // What else could stand in the place of a token, and another text from there.
        int place = Enumerable.Range(3, 27).First(i => char.IsAsciiLetter(expected[i]));
        await page.Locator(".token").Nth(place).HoverAsync();
        Assert.Equal(8, await page.Locator("#others button").CountAsync());
        Assert.Equal(expected[place].ToString(), (await page.InnerTextAsync("#others button[aria-current=true] code")).Replace('↵', '\n').Replace('␣', ' '));
        double[] shares = await page.EvaluateAsync<double[]>("[...document.querySelectorAll('#others button span')].map(node => parseFloat(node.textContent))");
        Assert.Equal(shares.OrderDescending(), shares);
        Assert.InRange(shares.Sum(), 10, 100.5);
        ILocator other = page.Locator("#others button:not([aria-current=true])").First;
        string chosen = (await other.Locator("code").InnerTextAsync()).Replace('↵', '\n').Replace('␣', ' ');
        await other.ClickAsync();
        await Done(page);
        string text = (await page.Locator("#text").TextContentAsync())!;
        Assert.StartsWith("First Citizen:" + expected[..place] + chosen, text);
        Assert.Equal("First Citizen:".Length + place + 1 + 30, text.Length);

        Assert.Empty(open.Complaints);
        Assert.All(open.Requests, url => Assert.StartsWith(server.Address.ToString(), url));
        Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, width);
    }

    [Theory]
    [InlineData("en", ColorScheme.Dark, 390)]
    [InlineData("ja", ColorScheme.Light, 1000)]
    public async Task Axe_finds_nothing_serious_before_a_text_with_one_and_in_a_conversation(string language, ColorScheme scheme, int width)
    {
        await using OpenPage open = await browser.Open(server.Address, width, scheme, language);
        await Axe.Load(open);
        IPage page = open.Page;
        await page.Locator("#model", new PageLocatorOptions { HasTextString = "tiny" }).WaitForAsync();
        await page.EvaluateAsync("document.querySelectorAll('details').forEach(details => details.open = true)");
        await Axe.AssertNothingSerious(open);
        await page.FillAsync("#prompt", "First Citizen:");
        await page.FillAsync("#max_tokens", "12");
        await page.ClickAsync("#write");
        await Done(page);
        await page.Locator(".token").Nth(3).HoverAsync();
        await Axe.AssertNothingSerious(open);
        await page.ClickAsync("#chat");
        await page.FillAsync("#prompt", "Hi");
        await page.PressAsync("#prompt", "Enter");
        await Done(page);
        await Axe.AssertNothingSerious(open);
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task It_chats_forgets_what_is_too_long_ago_and_stops_when_it_is_told_to()
    {
        await using OpenPage open = await browser.Open(server.Address);
        IPage page = open.Page;
        await page.Locator("#model", new PageLocatorOptions { HasTextString = "tiny" }).WaitForAsync();
        await page.ClickAsync("#chat");
        await page.FillAsync("#max_tokens", "12");
        for (int turn = 1; turn <= 3; turn++)
        {
            await page.FillAsync("#prompt", "Hi");
            await page.PressAsync("#prompt", "Enter");
            await Done(page);
            Assert.Equal(turn, await page.Locator(".said.assistant").CountAsync());
            Assert.InRange((await page.Locator(".said.assistant > span").Nth(turn - 1).TextContentAsync())!.Length, 10, 12);
        }

        await page.FillAsync("#max_tokens", "1000");
        await page.FillAsync("#prompt", "Hi");
        await page.ClickAsync("#write");
        await page.Locator(".said.assistant:nth-child(8) .token").First.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        await page.DispatchEventAsync("#stop", "click"); // at once, as long as there is something to stop
        await Done(page);
        Assert.InRange(await page.Locator(".said.assistant:nth-child(8) .token").CountAsync(), 1, 1000);
        await page.ClickAsync("#language");
        Assert.Equal("送る", await page.InnerTextAsync("#write"));
        await page.ClickAsync("#clear");
        Assert.Equal("", await page.InnerTextAsync("#text"));
        // A conversation longer than the context is refused once and then sent shorter: the browser notes that.
        Assert.All(open.Complaints, complaint => Assert.Contains("400", complaint, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("en", "glossary.md", "temperature")]
    [InlineData("ja", "glossary.ja.md", "温度")]
    public async Task It_explains_its_words_as_the_glossary_does(string language, string glossary, string word)
    {
        await using OpenPage open = await browser.Open(server.Address, 390, language: language);
        await open.Page.ClickAsync("#meanings summary");
        IReadOnlyList<string> names = await open.Page.Locator("#meanings dt").AllInnerTextsAsync(), meanings = await open.Page.Locator("#meanings dd").AllInnerTextsAsync();
        Dictionary<string, string> rows = [];
        foreach (string line in File.ReadLines(Path.Combine(Sources.FindRoot(), "docs", glossary)).Where(line => line.StartsWith("| ", StringComparison.Ordinal)))
        {
            string[] cells = line.Split('|', StringSplitOptions.TrimEntries);
            rows[cells[1]] = cells[2];
        }
        int[] known = [.. Enumerable.Range(0, names.Count).Where(i => rows.Keys.Any(key => IsOf(key, names[i])))];
        Assert.Equal(9, known.Length); // all but the penalty
        Assert.All(known, i => Assert.StartsWith(meanings[i], rows[rows.Keys.First(key => IsOf(key, names[i]))]));
        Assert.Equal(meanings[names.ToList().IndexOf(word)], await open.Page.GetAttributeAsync("label[data-name=temperature]", "title"));
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        Assert.Empty(open.Complaints);
    }

    private static bool IsOf(string key, string name) =>
        key == name || key.StartsWith($"{name} (", StringComparison.Ordinal) || key.StartsWith($"{name},", StringComparison.Ordinal) || key.StartsWith($"{name}、", StringComparison.Ordinal);

    [Fact]
    public async Task A_service_with_keys_is_asked_with_the_one_that_was_typed()
    {
        await using ModelServer locked = await ServedTinyModel.Start(new ServerOptions { ApiKeys = ["secret"] });
        await using OpenPage open = await browser.Open(locked.Address);
        await open.Page.Locator("#key").WaitForAsync();
        await open.Page.FillAsync("#key", "secret");
        await open.Page.PressAsync("#key", "Enter");
        await open.Page.Locator("#model", new PageLocatorOptions { HasTextString = "tiny" }).WaitForAsync();
        await open.Page.FillAsync("#prompt", "A");
        await open.Page.FillAsync("#max_tokens", "5");
        await open.Page.ClickAsync("#write");
        await Done(open.Page);
        Assert.Equal(6, (await open.Page.Locator("#text").TextContentAsync())!.Length);
    }

    // Nothing on the page may make code out of a string, a condition to wait for neither: so it is a selector.
    private static async Task Done(IPage page)
    {
        await page.Locator(".token").First.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached }); // a line end has no extent
        await page.Locator("#stop:disabled").WaitForAsync();
    }
}
