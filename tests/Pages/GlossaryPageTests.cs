using System.Text.RegularExpressions;
using Microsoft.Playwright;
using MiniGpt.Tests.Architecture;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Pages explain the words of docs/glossary.md at their end, and the first use of each leads there.</summary>
public sealed class GlossaryPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("explain", "en")]
    [InlineData("explain", "ja")]
    [InlineData("lesson", "en")]
    [InlineData("lesson", "ja")]
    public async Task The_first_use_of_a_word_leads_to_what_the_glossary_says_of_it(string verb, string language)
    {
        string file = _folder.File("page.html");
        string[] asked = verb == "lesson" ? ["kv-cache"] : ["--model", ExampleModel.Tiny(_folder), "--text", ExampleModel.Sentence];
        Minigpt.Success(_folder.Root, [verb, .. asked, "--out", file, "--language", language]);
        await using OpenPage open = await browser.Open(file);
        string[][] links = await open.Page.EvaluateAsync<string[][]>("""
            [...document.querySelectorAll('a.term')].map(link => {
              const name = document.querySelector(link.getAttribute('href'));
              return [link.textContent, name.textContent, name.nextSibling.textContent, link.title];
            })
            """);
        Assert.InRange(links.Length, verb == "lesson" ? 3 : 12, 60);
        Assert.Equal(links.Length, await open.Page.Locator("#words dt").CountAsync());
        Assert.Equal(links.Length, links.Select(link => link[1]).Distinct().Count());
        Dictionary<string, string> rows = Rows(language);
        Assert.All(links, link =>
        {
            Assert.Contains(link[1].Split(", "), word => link[0].StartsWith(word, StringComparison.OrdinalIgnoreCase) && link[0].Length <= word.Length + 1);
            Assert.Equal(rows[link[1]], link[2]);
            Assert.Equal(link[2], link[3]);
        });

        // Nothing that could be linked stands before the link.
        string[] earlier = await open.Page.EvaluateAsync<string[]>("""
            [...document.querySelectorAll('a.term')].filter(link => {
              const range = document.createRange();
              range.setStart(link.parentElement, 0);
              range.setEndBefore(link);
              return range.toString().toLowerCase().split(/[^\p{L}\p{N}-]+/u).includes(link.textContent.toLowerCase());
            }).map(link => link.textContent)
            """);
        Assert.Empty(earlier);
        await open.Page.ClickAsync("a.term >> nth=0");
        Assert.InRange(await open.Page.EvaluateAsync<double>("document.querySelector(location.hash).getBoundingClientRect().top"), 0, 900);
        Assert.Empty(open.Complaints);
    }

    [Theory]
    [InlineData("en", "nat", "loss")]
    [InlineData("ja", "ナット", "loss")]
    public async Task A_caption_that_uses_a_word_first_leads_there_and_still_does_when_it_is_written_anew(string language, string word, string figure)
    {
        string file = _folder.File("page.html");
        Minigpt.Success(_folder.Root, "explain", "--model", ExampleModel.Tiny(_folder), "--text", ExampleModel.Sentence, "--out", file, "--language", language);
        await using OpenPage open = await browser.Open(file);
        ILocator link = open.Page.Locator($"#{figure} figcaption a.term", new() { HasText = word });
        Assert.Equal(1, await link.CountAsync());
        string? before = await open.Page.Locator($"#{figure} figcaption").TextContentAsync();
        await open.Page.EvaluateAsync("setTheme(theme() === 'dark' ? 'light' : 'dark'); document.querySelector('#loss').scrollIntoView()");
        await open.Page.WaitForFunctionAsync("document.querySelector('#loss').dataset.drawn > 1");
        Assert.Equal(before, await open.Page.Locator($"#{figure} figcaption").TextContentAsync());
        Assert.Equal(1, await link.CountAsync());
        Assert.Equal(await open.Page.Locator("a.term").CountAsync(), await open.Page.Locator("#words dt").CountAsync());
    }

    [Fact]
    public void Both_glossaries_have_the_same_rows_in_each_part()
    {
        static int[] Parts(string name) => [.. File.ReadAllText(Path.Combine(Sources.FindRoot(), "docs", name)).Split("\n## ").Skip(1).Select(part => part.Split('\n').Count(line => line.StartsWith("| ", StringComparison.Ordinal)))];
        Assert.Equal(Parts("glossary.md"), Parts("glossary.ja.md"));
        Assert.Equal(5, Parts("glossary.md").Length);
    }

    /// <summary>What the file says, by what stands beside it: without code, and without what stands in brackets.</summary>
    private static Dictionary<string, string> Rows(string language)
    {
        Dictionary<string, string> rows = [];
        foreach (string line in File.ReadLines(Path.Combine(Sources.FindRoot(), "docs", language == "en" ? "glossary.md" : "glossary.ja.md")))
        {
            if (Regex.Match(line, @"^\| (?<words>.+?) \| (?<meaning>.+) \|$") is { Success: true } row && !row.Value.Contains('`', StringComparison.Ordinal))
                rows[Regex.Replace(row.Groups["words"].Value, @"\([^)]*\)", "").Trim().Replace("、", ", ", StringComparison.Ordinal)] = row.Groups["meaning"].Value.Replace("*", "", StringComparison.Ordinal);
        }
        return rows;
    }
}
