using Microsoft.Playwright;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Makes the pictures of docs/; docs/make-pictures runs it, with a trained model.</summary>
public sealed class PictureTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const long MostBytes = 200_000;

    private static readonly string? s_folder = Environment.GetEnvironmentVariable("MINIGPT_PICTURES");
    private static readonly string? s_model = Environment.GetEnvironmentVariable("MINIGPT_PICTURES_MODEL");
    private static readonly string? s_translator = Environment.GetEnvironmentVariable("MINIGPT_PICTURES_TRANSLATOR");

    /// <summary>The stage that a guide shows of each lesson.</summary>
    internal static IReadOnlyList<(string Lesson, int Stage)> Lessons { get; } =
    [
        ("tokens", 7), ("one-hot", 3), ("embedding", 1), ("positions", 1), ("attention", 10), ("scaling", 2), ("mask", 4), ("rotary", 1), ("grouped-heads", 1), ("source-attention", 5), ("norms-and-residuals", 4), ("next-token", 3),
        ("sampling", 3), ("kv-cache", 3), ("quantisation", 1), ("gradients", 3), ("training", 3),
        ("n-gram", 5), ("masked-word", 3), ("translation", 2), ("word2vec", 3), ("rnn", 4), ("induction", 4),
    ];

    private readonly TemporaryFolder _work = new();

    public static TheoryData<string> Names => [.. Lessons.Select(shown => shown.Lesson)];

    public void Dispose() => _work.Dispose();

    [Fact]
    public async Task Pictures_of_every_section_are_made()
    {
        Assert.SkipWhen(s_folder is null || s_model is null || s_translator is null, "docs/make-pictures makes the pictures: MINIGPT_PICTURES is not set");
        Directory.CreateDirectory(s_folder!);
        foreach (string language in (string[])["en", "ja"])
        {
            string page = _work.File($"{language}.html");
            Minigpt.Success(_work.Root, "explain", "--model", s_model!, "--text", ExampleModel.Sentence, "--out", page, "--language", language);
            foreach (string figure in (string[])["flow", "tokens", "map", "rotation-turn", "rotation-distance", "attention-map", "mask", "loss", "lens", "generation"])
                await Take(page, figure, $"explain-{figure}.{language}.png", Prepare(figure));
            string[] sentence = language == "en" ? ["--text", "The student wants to lose white scarves."] : ["--text", "The cat likes naps.", "--to", "ja"];
            Minigpt.Success(_work.Root, ["explain", "--model", s_translator!, "--out", page, "--language", language, .. sentence]);
            foreach (string figure in (string[])["alignment", "source-map", "beams"])
                await Take(page, figure, $"explain-{figure}.{language}.png");
        }

        string dark = _work.File("dark.html");
        Minigpt.Success(_work.Root, "explain", "--model", s_model!, "--text", ExampleModel.Sentence, "--out", dark);
        await Take(dark, "attention-map", "explain-dark.png", Prepare("attention-map"), scheme: ColorScheme.Dark);
        Minigpt.Success(_work.Root, "explain", "--model", s_model!, "--text", "O Romeo, Romeo", "--out", dark, "--language", "ja");
        await Take(dark, "attention-map", "explain-phone.png", width: 390);
        await Take(Path.Combine(s_model!, "report.html"), "loss", "report-loss.png");
        Assert.All(Directory.GetFiles(s_folder!, "*.png"), file => Assert.InRange(new FileInfo(file).Length, 1000, MostBytes));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_picture_of_a_lesson_is_made(string lesson)
    {
        Assert.SkipWhen(s_folder is null, "docs/make-pictures makes the pictures: MINIGPT_PICTURES is not set");
        Directory.CreateDirectory(s_folder!);
        int stage = Lessons.Single(shown => shown.Lesson == lesson).Stage;
        foreach (string language in (string[])["en", "ja"])
        {
            bool hasModel = lesson == "n-gram" && language == "en"; // it cannot read the Japanese text
            if (hasModel && s_model is null)
                continue;
            string page = _work.File($"{lesson}.html"), picture = $"lesson-{lesson}.{language}.png";
            Minigpt.Success(_work.Root, ["lesson", lesson, "--out", page, "--language", language, .. hasModel ? (string[])["--model", s_model!] : []]);
            await Take(page, $"stage-{stage}", picture);
            Assert.InRange(new FileInfo(Path.Combine(s_folder!, picture)).Length, 1000, MostBytes);
        }
    }

    /// <summary>What is more telling than how a figure opens.</summary>
    private static string? Prepare(string figure) => figure switch
    {
        "attention-map" => "minigpt.showAttention(1, 2)",
        "rotation-turn" => "minigpt.rotation.set({ shift: 5 })",
        "mask" => "document.querySelectorAll('#mask .group button')[3].click()",
        "generation" => """
            for (const [name, value] of [['temperature', 0.6], ['topK', 7], ['topP', 0.95]]) {
              const input = document.getElementById(`slider-${name}`);
              input.value = value;
              input.dispatchEvent(new Event('input'));
            }
            """,
        _ => null,
    };

    private async Task Take(string page, string figure, string name, string? prepare = null, int width = 860, ColorScheme scheme = ColorScheme.Light)
    {
        await using OpenPage open = await browser.Open(page, width, scheme);
        await open.Page.AddStyleTagAsync(new PageAddStyleTagOptions { Content = "nav { position: static; }" });
        await open.Draw(figure);
        if (prepare is not null)
            await open.Redraw(figure, () => open.Page.EvaluateAsync(prepare));
        await open.Page.Locator($"#{figure}").ScreenshotAsync(new LocatorScreenshotOptions { Path = Path.Combine(s_folder!, name) });
    }
}
