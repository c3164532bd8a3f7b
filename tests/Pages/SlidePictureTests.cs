using Microsoft.Playwright;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Makes the slides of docs/slides; docs/make-pictures runs it, with a trained model.</summary>
public sealed class SlidePictureTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const double SmallestText = 28;

    private const string Explain = "explain";

    private static readonly string? s_folder = Environment.GetEnvironmentVariable("MINIGPT_SLIDES");
    private static readonly string? s_model = Environment.GetEnvironmentVariable("MINIGPT_PICTURES_MODEL");

    private static readonly Shown[] s_shown =
    [
        new(1, "sampling", "probabilities"),
        new(2, "tokens", "cuts") { InJapanese = "plums", IsBelow = true },
        new(3, "embedding", "vectors"),
        new(4, "word2vec", "map"),
        new(5, "positions", "waves"),
        new(6, "embedding", "looks"),
        new(7, "mask", "weights"),
        new(8, Explain, "flow"),
        new(9, "gradients", "slope"),
        new(10, "sampling", "temperature") { Stop = 6 },
        new(11, "n-gram", "loss"),
        new(12, "translation", "attention"),
    ];

    // How wide a slide may be in the page's own pixels, and a figure beside its words: the fewer there are, the larger is everything. Multiples of 16, whose heights are whole.
    private static readonly int[] s_widths = [592, 624, 656, 704, 736], s_rooms = [380, 350, 320, 290, 260, 230];

    private readonly TemporaryFolder _work = new();

    public static TheoryData<int, string> Slides => [.. s_shown.SelectMany(shown => (string[])["en", "ja"], (shown, language) => (shown.Chapter, language))];

    public void Dispose() => _work.Dispose();

    [Theory]
    [MemberData(nameof(Slides))]
    public async Task A_slide_of_a_chapter_is_made_and_can_be_read_at_the_back_of_a_room(int chapter, string language)
    {
        Assert.SkipWhen(s_folder is null || s_model is null, "docs/make-pictures makes the slides: MINIGPT_SLIDES is not set");
        Shown shown = s_shown.Single(one => one.Chapter == chapter);
        Slide slide = Slide.Of(language).Single(one => one.Chapter == chapter);
        string page = _work.File("page.html"), figure = language == "ja" && shown.InJapanese is { } key ? key : shown.Figure;
        string[] command = shown.Lesson == Explain ? [Explain, "--text", "To be"] : ["lesson", shown.Lesson];
        // A model of English text cannot read the lesson's Japanese one.
        string[] model = shown.Lesson == Explain || (shown.Lesson == "n-gram" && language == "en") ? ["--model", s_model!] : [];
        Minigpt.Success(_work.Root, [.. command, .. model, "--out", page, "--language", language]);

        string beyond = "";
        foreach (int width in s_widths)
        {
            await using OpenPage open = await browser.Open(page, width, pixels: (float)Slide.Width / width);
            await open.Page.AddScriptTagAsync(new PageAddScriptTagOptions { Content = Script });
            beyond = await Compose(open, slide, figure, shown);
            if (beyond.Length > 0)
                continue;
            string file = Path.GetFullPath(Path.Combine(s_folder!, "..", slide.Picture));
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await open.Page.Locator("#slide").ScreenshotAsync(new LocatorScreenshotOptions { Path = file });
            Assert.InRange(await open.Page.EvaluateAsync<double>("smallestText()") * Slide.Width / width, SmallestText, Slide.Height);
            Assert.Empty(open.Complaints);
            return;
        }
        Assert.Fail($"Chapter {chapter} does not fit on a slide: {beyond}");
    }

    /// <summary>Draws the figure as large as it fits beside its words, or below them, and says what does not fit.</summary>
    private static async Task<string> Compose(OpenPage open, Slide slide, string figure, Shown shown)
    {
        string beyond = "", id = await open.Page.EvaluateAsync<string>("figure => idOf(figure)", figure);
        await open.Draw(id);
        await open.Page.AddStyleTagAsync(new PageAddStyleTagOptions { Content = Style }); // it hides the rest of the page, where nothing would be drawn any more
        await open.Redraw(id, () => open.Page.EvaluateAsync("given => compose(given)", new { id, title = slide.Title, idea = slide.Idea, layout = shown.IsBelow ? "below" : "beside" }));
        if (shown.Stop is int stop)
            await open.Redraw(id, () => open.Page.EvaluateAsync("([id, stop]) => moveTo(id, stop)", new object[] { id, stop }));
        foreach (int room in shown.IsBelow ? [0] : s_rooms)
        {
            if (!shown.IsBelow)
                await open.Redraw(id, () => open.Page.EvaluateAsync("([id, room]) => giveRoom(id, room)", new object[] { id, room }));
            beyond = await open.Page.EvaluateAsync<string>("beyond()");
            if (beyond.Length == 0)
                break;
        }
        return beyond;
    }

    /// <summary>What a slide shows: a stage of a lesson, or a figure of the page of <c>explain</c>.</summary>
    private sealed record Shown(int Chapter, string Lesson, string Figure)
    {
        /// <summary>The stage that the Japanese slide shows in its place.</summary>
        public string? InJapanese { get; init; }

        /// <summary>Where the slider stands; null leaves it where it is.</summary>
        public int? Stop { get; init; }

        /// <summary>Whether the figure is below the words and not beside them.</summary>
        public bool IsBelow { get; init; }
    }

    /// <summary>Sizes are shares of the width, since a page's own pixel is not as large on every slide.</summary>
    private const string Style = """
        nav, header, main, footer, #slide h3, #slide figcaption, #slide details, #slide .formula, #slide .controls, #slide .sliders input { display: none; }
        #slide { width: 100vw; height: 56.25vw; padding: 2.4vw 3vw; display: grid; gap: 1.2vw 2.4vw; background: var(--paper); overflow: hidden; }
        #slide.beside { grid-template-columns: 1fr auto; align-items: center; }
        #slide.below { grid-template-rows: auto 1fr; }
        #slide h1 { font-size: 4.4vw; line-height: 1.2; margin: 0 0 1.2vw; word-break: auto-phrase; }
        #slide.below h1 { margin: 0 0 .6vw; }
        #slide .said p { font-size: 2.9vw; line-height: 1.35; margin: 0; color: var(--soft); word-break: auto-phrase; }
        #slide .shown { display: flex; gap: 2.4vw; align-items: center; justify-content: center; min-width: 0; min-height: 0; }
        #slide figure { margin: 0; padding: 0; border: 0; background: none; box-shadow: none; border-radius: 0; flex: 1; min-width: 0; }
        #slide.beside figure { width: var(--room, 380px); }
        #slide .sliders { display: flex; gap: .6em; margin: 0 0 .4em; font-size: 2.6vw; font-weight: 600; }
        #slide .flow > :not(:nth-child(n + 7):nth-child(-n + 11)), #slide .flow .step > div:last-child { display: none; }
        #slide .flow .step { grid-template-columns: 1fr; padding: .2rem .8rem; }
        #slide .flow .step b { margin-right: .8rem; }
        #slide .flow .shape { display: inline; }
        #slide .flow .plus { margin: .2rem 0 .4rem .3rem; }
        """;

    private const string Script = """
        window.idOf = figure => document.getElementById(figure) ? figure : `stage-${page.content.stages.findIndex(stage => stage.key === figure) + 1}`;
        const nodeOf = id => document.getElementById(id);
        // The figure alone with its words.
        window.compose = ({ id, title, idea, layout }) => {
          const slide = el('div', { id: 'slide', className: layout },
            el('div', { className: 'said' }, el('h1', {}, title), el('p', {}, idea)), el('div', { className: 'shown' }, nodeOf(id)));
          document.body.prepend(slide);
          figures.find(figure => figure.node.id === id).change();
        };
        window.giveRoom = (id, room) => {
          nodeOf('slide').style.setProperty('--room', `${room}px`);
          figures.find(figure => figure.node.id === id).change();
        };
        window.moveTo = (id, stop) => {
          const input = nodeOf(id).querySelector('.sliders input');
          input.value = stop;
          input.dispatchEvent(new Event('input'));
        };
        const shownTexts = () => {
          const walker = document.createTreeWalker(nodeOf('slide'), NodeFilter.SHOW_TEXT), found = [];
          while (walker.nextNode()) {
            if (walker.currentNode.data.trim() && walker.currentNode.parentElement.checkVisibility()) found.push(walker.currentNode.parentElement);
          }
          return found;
        };
        // What stands outside of the slide, or is cut off in it.
        window.beyond = () => {
          const { right, bottom } = nodeOf('slide').getBoundingClientRect();
          const outside = [...shownTexts(), ...nodeOf('slide').querySelectorAll('canvas, figure')].filter(node => {
            const box = node.getBoundingClientRect();
            return box.top < 0 || box.left < 0 || box.right > right + 0.5 || box.bottom > bottom + 0.5;
          }).map(node => `${node.tagName} ${JSON.stringify(node.getBoundingClientRect())}`);
          const cut = [...nodeOf('slide').querySelectorAll('.plot')].filter(plot => plot.scrollWidth > plot.clientWidth + 1).map(plot => `${plot.scrollWidth} > ${plot.clientWidth}`);
          return [...outside, ...cut].join('; ');
        };
        window.smallestText = () => {
          const sizes = shownTexts().map(node => parseFloat(getComputedStyle(node).fontSize));
          const walk = mark => mark.items?.forEach(item => {
            if (mark.marktype === 'text' && item.text && item.opacity !== 0) sizes.push(item.fontSize ?? 11);
            item.items?.forEach(walk);
          });
          const view = minigpt.views[nodeOf('slide').querySelector('figure[id]').id];
          if (view) walk(view.scenegraph().root);
          return Math.min(...sizes);
        };
        """;
}
