using Microsoft.Playwright;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Cli;
using MiniGpt.Tests.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Charts on a phone: none is wider than its room, and no name or number beside an axis covers another.</summary>
public sealed class ChartRoomTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const int Phone = 390;

    /// <summary>What is drawn outside of its chart's room, and which texts of an axis, a legend or a diagram lie over each other.</summary>
    private const string Faults = """
        () => Object.entries(minigpt.views).flatMap(([key, view]) => {
          const texts = [];
          const walk = (mark, dx, dy) => mark.items.forEach(item => {
            if (mark.marktype === 'group') item.items.forEach(child => walk(child, dx + (item.x || 0), dy + (item.y || 0)));
            else if (mark.marktype === 'text' && String(item.text ?? '').trim() && item.opacity !== 0)
              texts.push({ said: String(item.text), role: mark.role, slanted: (item.angle || 0) % 90 !== 0, x1: item.bounds.x1 + dx, x2: item.bounds.x2 + dx, y1: item.bounds.y1 + dy, y2: item.bounds.y2 + dy });
          });
          walk(view.scenegraph().root, 0, 0);
          const found = [];
          // The same text at the same place is its own outline; the tokens of a map stand where the model put them.
          const compared = key === 'map' ? texts.filter(each => each.role !== 'mark') : texts;
          compared.forEach((a, i) => compared.slice(0, i).forEach(b => {
            const wide = Math.min(a.x2, b.x2) - Math.max(a.x1, b.x1), high = Math.min(a.y2, b.y2) - Math.max(a.y1, b.y1);
            if (wide > 2 && high > 4 && !(a.slanted && b.slanted) && !(a.said === b.said && a.x1 === b.x1 && a.y1 === b.y1)) found.push(`${key}: ${a.said} over ${b.said}`);
          }));
          const plot = document.querySelector(`#${key} .plot`);
          // The logit lens and the tree of beams are as wide as their texts are long: they are moved sideways.
          if (!['lens', 'beams'].includes(key) && plot.scrollWidth > plot.clientWidth) found.push(`${key}: wider than its room by ${plot.scrollWidth - plot.clientWidth}`);
          return found;
        })
        """;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Lessons => [.. Lesson.All.Select(lesson => lesson.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Lessons))]
    public async Task The_charts_of_a_lesson_fit_a_phone_and_its_formulas_are_set(string name)
    {
        string file = _folder.File("lesson.html");
        LessonPage.Write(file, Lesson.All.Single(lesson => lesson.Name == name), LessonResults.Of(name), Texts.Of(Language.English));
        await using OpenPage open = await AssertFits(file);
        Assert.DoesNotContain(await open.Page.Locator(".formula").AllTextContentsAsync(), formula => formula.AsSpan().ContainsAny("_^{}"));
    }

    [Theory]
    [InlineData("decoder", "en")]
    [InlineData("decoder", "ja")]
    [InlineData("translation", "en")]
    [InlineData("masked", "ja")]
    public async Task The_charts_of_an_explained_model_fit_a_phone(string kind, string language)
    {
        string file = _folder.File("page.html");
        string[] asked = kind switch
        {
            "decoder" => ["--model", ExampleModel.Tiny(_folder), "--text", "The king is dead", "--against", "The duke is dead"],
            "translation" => ["--model", RecordedModels.WithCharacters(_folder, "marian-tiny"), "--text", RecordedModels.TextOf(15, 39, 14, 1)],
            _ => ["--model", RecordedModels.Bert(_folder), "--text", "w7 [MASK] w9"],
        };
        Minigpt.Success(_folder.Root, ["explain", .. asked, "--out", file, "--language", language]);
        await using OpenPage open = await AssertFits(file);
    }

    private async Task<OpenPage> AssertFits(string file)
    {
        OpenPage open = await browser.Open(file, Phone, ColorScheme.Dark);
        foreach (string figure in await open.Figures())
            await open.Draw(figure);
        string[] faults = await open.Page.EvaluateAsync<string[]>(Faults);
        Assert.True(faults.Length == 0, string.Join("\n", faults));
        Assert.Equal(Phone, await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.Empty(open.Complaints);
        return open;
    }
}
