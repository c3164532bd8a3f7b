using System.Globalization;
using Microsoft.Playwright;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>The walk through a forward pass on the page of a decoder: its steps, and its numbers beside those of plain loops over a trace in double.</summary>
public sealed class StoryPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const int Steps = 10;
    private const double Rounding = 2e-4; // floats beside doubles, relative to the largest

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Buttons_arrow_keys_and_fragments_lead_through_the_steps()
    {
        string file = Explain(ExampleModel.Tiny(_folder), ExampleModel.Sentence, "en");
        await using OpenPage open = await browser.Open(file);
        Assert.Equal(1, Assert.Single(await Visible(open)));
        Assert.True(await open.Page.Locator("#story-back").IsDisabledAsync());
        for (int step = 2; step <= Steps; step++)
        {
            if (step % 2 == 0)
                await open.Page.ClickAsync("#story-next");
            else
                await open.Page.Keyboard.PressAsync("ArrowRight");
            await At(open, step);
        }
        Assert.True(await open.Page.Locator("#story-next").IsDisabledAsync());
        await open.Page.Keyboard.PressAsync("ArrowRight");
        await open.Page.Keyboard.PressAsync("ArrowLeft");
        await At(open, Steps - 1);
        await open.Page.ClickAsync("#story-back");
        await At(open, Steps - 2);
        await open.Page.ClickAsync("#story a[href='#story-3']");
        await At(open, 3);
        await open.Page.GoBackAsync();
        await At(open, Steps - 2);

        // Arrows belong to whatever is being changed.
        await open.Draw("generation");
        await open.Page.FocusAsync("#slider-temperature");
        await open.Page.Keyboard.PressAsync("ArrowRight");
        Assert.Equal(Steps - 2, Assert.Single(await Visible(open)));
        Assert.Empty(open.Complaints);
        await using OpenPage fifth = await browser.Open(new Uri($"file://{file}#story-5"));
        Assert.Equal(5, Assert.Single(await Visible(fifth)));
        Assert.InRange(await fifth.Page.EvaluateAsync<double>("document.getElementById('story').getBoundingClientRect().top"), 0, 450);
    }

    [Theory]
    [InlineData("gpt2", "en", 1000)]
    [InlineData("gpt2", "ja", 390)]
    [InlineData("llama-tiny", "en", 390)]
    [InlineData("qwen3-tiny", "ja", 1000)]
    public async Task Every_number_of_the_walk_is_the_model_s(string name, string language, int width)
    {
        string folder = name == "gpt2" ? ExampleModel.Tiny(_folder) : RecordedModels.WithCharacters(_folder, name);
        string text = name == "gpt2" ? ExampleModel.Sentence : RecordedModels.TextOf(5, 9, 33, 9, 14, 5, 40, 21, 9, 60, 2, 17);
        await using OpenPage open = await browser.Open(Explain(folder, text, language), width, language == "ja" ? ColorScheme.Dark : ColorScheme.Light);
        LoadedModel<double> loaded = ModelFolder.Load<double>(folder);
        Decoder<double> model = loaded.Model;
        using DecoderTrace<double> trace = model.Trace(loaded.Tokenizer!.Encode(text));
        BlockTrace<double> block = trace.Blocks[0];
        (int last, int size, int wide) = (trace.Ids.Count - 1, model.Config.HeadSize, 8);
        (int heads, int keyHeads) = (model.Config.Attention.Heads, model.Config.Attention.KeyHeads);

        // The head that looks most at one token before, and the tokens that it looks at most.
        double[][] weights = [.. Enumerable.Range(0, heads).Select(h => SoftmaxOf([.. Enumerable.Range(0, last + 1).Select(key => Score(h, key) / Math.Sqrt(size))]))];
        int head = Enumerable.Range(0, heads).MaxBy(h => weights[h][..last].Max()), keyHead = head * keyHeads / heads;
        int[] shown = [.. Enumerable.Range(0, last).OrderByDescending(key => weights[head][key]).Take(6).Order(), last];
        Assert.Equal(shown, await open.Page.EvaluateAsync<int[]>("minigpt.page.content.story.shown"));
        Assert.Equal(head, await open.Page.EvaluateAsync<int>("minigpt.page.content.story.head"));

        IEnumerable<int> columns = Enumerable.Range(0, wide);
        await Same(open, "vectors", "cell", shown.SelectMany(key => columns.Select(c => trace.Input[key, c])));
        await Same(open, "query", "cell", columns.Select(c => block.Query[head, last, c]));
        await Same(open, "keys", "cell", shown.SelectMany(key => columns.Select(c => block.Key[keyHead, key, c])));
        await Same(open, "keys", "extra", shown.Select(key => Score(head, key)));
        await Same(open, "scores", "cell", shown.SelectMany(key => new[] { Score(head, key), Score(head, key) / Math.Sqrt(size) }));
        await Same(open, "values", "share", shown.Select(key => weights[head][key]));
        double[] sum = [.. columns.Select(c => Enumerable.Range(0, last + 1).Sum(key => weights[head][key] * block.Value[keyHead, key, c]))];
        await Same(open, "values", "cell", shown.SelectMany(key => columns.Select(c => block.Value[keyHead, key, c])).Concat(sum));
        double[] input = Row(trace.Input), attended = Row(block.AttentionOutput), after = [.. input.Zip(attended, (x, y) => x + y)], fed = Row(block.FeedForwardOutput);
        await Same(open, "attended", "cell", [.. input, .. attended, .. after]);
        await Same(open, "fed", "cell", [.. after, .. fed, .. after.Zip(fed, (x, y) => x + y)]);
        await Same(open, "stream", "cell", Enumerable.Range(0, model.Config.Layers + 1).SelectMany(depth => Row(trace.Residual(depth))));
        await Same(open, "hidden", "cell", Row(trace.Hidden));

        double[] logits = [.. Enumerable.Range(0, model.Config.VocabularySize).Select(id => Enumerable.Range(0, model.Config.Width).Sum(c => trace.Hidden[last, c] * model.Head.Value[id, c]))];
        int[] best = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).Take(10)];
        await Same(open, "candidates", "extra", best.Take(6).Select(id => logits[id]));
        await Same(open, "candidates", "cell", best.Take(6).SelectMany(id => columns.Select(c => model.Head.Value[id, c])));
        await SamePercents(open, "choice", best.Select(id => SoftmaxOf(logits)[id]));
        await SamePercents(open, "weights", shown.Select(key => weights[head][key]).OrderDescending());
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, width);
        Assert.Empty(open.Complaints);

        double Score(int h, int key) => Enumerable.Range(0, size).Sum(d => block.Query[h, last, d] * block.Key[h * keyHeads / heads, key, d]);
        double[] Row(Tensor<double> tensor) => [.. columns.Select(c => tensor[last, c])];
    }

    [Fact]
    public async Task A_single_token_has_a_story_and_models_that_do_not_go_on_with_a_text_have_none()
    {
        await using OpenPage open = await browser.Open(Explain(ExampleModel.Tiny(_folder), "T", "en"));
        for (int step = 2; step <= Steps; step++)
            await open.Page.ClickAsync("#story-next");
        await At(open, Steps);
        Assert.Empty(open.Complaints);
        await using OpenPage encoder = await browser.Open(Explain(RecordedModels.Bert(_folder), "w22 [MASK]", "en"));
        Assert.Equal(0, await encoder.Page.Locator("#story").CountAsync());
    }

    private static double[] SoftmaxOf(double[] numbers)
    {
        double most = numbers.Max(), sum = numbers.Sum(x => Math.Exp(x - most));
        return [.. numbers.Select(x => Math.Exp(x - most) / sum)];
    }

    private static Task<int[]> Visible(OpenPage open) => open.Page.EvaluateAsync<int[]>(
        "[...document.querySelectorAll('.story-step')].filter(step => step.offsetHeight > 0).map(step => Number(step.id.slice(6)))");

    private static async Task At(OpenPage open, int step)
    {
        await open.Page.WaitForFunctionAsync("step => minigpt.story.at() === step", step);
        Assert.EndsWith($"#story-{step}", open.Page.Url, StringComparison.Ordinal);
        Assert.Equal(step, Assert.Single(await Visible(open)));
    }

    /// <summary>The cells of a table carry these numbers, and say them with two digits.</summary>
    private static async Task Same(OpenPage open, string table, string kind, IEnumerable<double> expected)
    {
        double[] numbers = [.. expected];
        string cells = kind == "cell" ? "td.cell:not(.share)" : $"td.{kind}";
        double[] shown = await open.Page.EvaluateAsync<double[]>($"[...document.querySelectorAll('#story-{table} {cells}')].map(cell => Number(cell.dataset.value))");
        string[] said = await open.Page.EvaluateAsync<string[]>($"[...document.querySelectorAll('#story-{table} {cells}')].map(cell => cell.textContent)");
        Assert.Equal(numbers.Length, shown.Length);
        double most = numbers.Max(Math.Abs);
        Assert.All(numbers.Zip(shown), pair => Assert.Equal(pair.First, pair.Second, Rounding * most));
        Assert.All(shown.Zip(said), pair => Assert.Equal(kind == "share" ? 100 * pair.First : pair.First, Number(pair.Second), kind == "share" ? 0.0501 : 0.00501));
    }

    private static async Task SamePercents(OpenPage open, string bars, IEnumerable<double> expected)
    {
        string[] said = await open.Page.EvaluateAsync<string[]>($"[...document.querySelectorAll('#story-{bars} .number')].map(bar => bar.textContent)");
        Assert.Equal(expected.Count(), said.Length);
        Assert.All(expected.Zip(said), pair => Assert.Equal(100 * pair.First, Number(pair.Second), 0.0601));
    }

    private static double Number(string said) => double.Parse(said.Replace('−', '-').Replace("%", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private string Explain(string model, string text, string language)
    {
        string file = _folder.File($"page-{language}.html");
        Minigpt.Success(_folder.Root, "explain", "--model", model, "--text", text, "--out", file, "--language", language);
        return file;
    }
}
