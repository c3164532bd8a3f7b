using Microsoft.Playwright;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>The page of minigpt explain, opened in Chromium.</summary>
public sealed class ExplainPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("en", ColorScheme.Light, 1000)]
    [InlineData("ja", ColorScheme.Dark, 390)]
    public async Task Every_figure_is_drawn_without_a_complaint_or_a_request(string language, ColorScheme scheme, int width)
    {
        string file = Explain(ExampleModel.Tiny(_folder), ExampleModel.Sentence, language);
        await using OpenPage open = await browser.Open(file, width, scheme);
        string[] figures = await open.Figures();
        Assert.Equal(22, figures.Length);
        foreach (string figure in figures)
        {
            await open.Draw(figure);
            await open.OpenTable(figure);
            Assert.NotEqual("", await open.Page.Locator($"#{figure} figcaption").InnerTextAsync());
        }

        Assert.Empty(open.Complaints);
        Assert.Equal([$"file://{file}"], open.Requests.Where(url => !url.StartsWith("data:", StringComparison.Ordinal)));
        // Nothing is wider than the window: wide charts scroll by themselves.
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, width);
    }

    [Fact]
    public async Task The_heat_map_of_layer_2_head_3_shows_the_weights_of_the_engine()
    {
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, ExampleModel.Sentence));
        await open.Redraw("attention-map", () => open.Page.Locator("#attention-map select").Nth(0).SelectOptionAsync(Labelled("2")));
        await open.Redraw("attention-map", () => open.Page.Locator("#attention-map select").Nth(1).SelectOptionAsync(Labelled("3")));
        double[] shown = await open.Page.EvaluateAsync<double[]>(
            "minigpt.views['attention-map'].data('attention').flatMap(cell => [cell.r, cell.c, cell.v])");

        LoadedModel<float> model = ModelFolder.Load<float>(folder);
        using DecoderTrace<float> trace = model.Model.Trace(model.Tokenizer!.Encode(ExampleModel.Sentence));
        Assert.Equal(64 * 65 / 2, shown.Length / 3);
        foreach (double[] cell in shown.Chunk(3))
        {
            Assert.InRange(cell[1], 0, cell[0]); // nothing above the diagonal
            Assert.Equal(trace.Blocks[1].Weights[2, (int)cell[0], (int)cell[1]], cell[2], 1e-6);
        }
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task The_parts_of_a_logit_and_its_gradients_are_those_of_the_engine()
    {
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, "To be, or not"));
        LoadedModel<double> model = ModelFolder.Load<double>(folder);
        int[] ids = model.Tokenizer!.Encode("To be, or not");
        using DecoderTrace<double> trace = model.Model.Trace(ids);
        NextToken[] likeliest = NextToken.Likeliest<double>(trace.Logits.Span[^model.Model.Config.VocabularySize..], 5);
        Assert.Equal(likeliest.Select(token => token.Id), await open.Page.EvaluateAsync<int[]>("it.reasons.attributions.map(attribution => attribution.token)"));
        await open.Draw("reasons");
        foreach (int place in (int[])[0, 3])
        {
            if (place > 0)
                await open.Redraw("reasons", () => open.Page.Locator("#reasons select").SelectOptionAsync($"{place}"));
            AttributionView view = AttributionView.Of(model.Model, trace, likeliest[place].Id);
            double[] shown = await open.Page.EvaluateAsync<double[]>("minigpt.views.reasons.data('reasons').map(bar => bar.v)");
            Assert.Equal(16, shown.Length);
            Assert.All(view.Split(16).Greatest.Zip(shown), pair => Assert.Equal(pair.First.Value, pair.Second, 1e-9));
            GradientView gradients = GradientView.Of(model.Model, ids, likeliest[place].Id);
            double[] norms = await open.Page.EvaluateAsync<double[]>($"it.reasons.gradients[{place}].inputs.map(input => input.norm)");
            Assert.All(gradients.Inputs.Zip(norms), pair => Assert.Equal(pair.First.Norm, pair.Second, 1e-9 * Math.Max(1, pair.First.Norm)));
        }

        // The menu of either figure moves both.
        Assert.Equal("3", await open.Page.Locator("#gradients select").InputValueAsync());
        Assert.Empty(open.Complaints);
    }

    [Theory]
    [InlineData(0.5, null, 1)]
    [InlineData(1.5, 5, 1)]
    [InlineData(1, null, 0.6)]
    [InlineData(0.8, 12, 0.35)]
    [InlineData(0, null, 1)]
    public async Task The_sliders_reshape_the_distribution_as_the_sampler_does(double temperature, int? topK, double topP)
    {
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, "To be"));
        await open.Draw("generation");
        foreach ((string slider, double value) in (IEnumerable<(string, double)>)
            [("temperature", temperature), ("topK", topK is int k ? k - 1 : 1e9), ("topP", topP)])
        {
            await open.Page.EvalOnSelectorAsync($"#slider-{slider}",
                "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value);
        }
        double[] shown = await open.Page.EvaluateAsync<double[]>("[...minigpt.distribution()]");

        LoadedModel<float> model = ModelFolder.Load<float>(folder);
        using DecoderTrace<float> trace = model.Model.Trace(model.Tokenizer!.Encode("To be"));
        float[] logits = trace.Logits.Span[^model.Model.Config.VocabularySize..].ToArray();
        double[] expected = Sampler.Probabilities<float>(logits, new SamplingOptions { Temperature = temperature, TopK = topK, TopP = topP });
        Assert.Equal(expected.Length, shown.Length);
        Assert.All(expected.Zip(shown), pair => Assert.Equal(pair.First, pair.Second, 1e-5));

        // And the bars show it.
        await open.Page.WaitForFunctionAsync("""
            () => minigpt.views.generation.data('generation').filter(bar => bar.group.startsWith('after'))
              .every(bar => bar.v === minigpt.distribution()[bar.id])
            """);
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Japanese_is_drawn_in_glyphs_of_a_font()
    {
        await using OpenPage open = await browser.Open(Explain(ExampleModel.Tiny(_folder), "すもももももももものうち", "ja"));
        await open.Draw("attention-map");
        string[] labels = await open.Page.EvaluateAsync<string[]>("""
            () => {
              const found = [];
              const walk = item => { if (item.text) found.push(String(item.text)); (item.items ?? []).forEach(walk); };
              walk(minigpt.views['attention-map'].scenegraph().root);
              return found;
            }
            """);
        Assert.Contains("クエリ (見る側)", labels);
        Assert.Contains("2 も", labels);

        // A character without a glyph looks like any other without one, such as one that no font may ever have.
        string[] missing = await open.Page.EvaluateAsync<string[]>("""
            () => {
              const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
              const drawn = character => {
                context.font = `40px ${getComputedStyle(document.body).fontFamily}`;
                context.clearRect(0, 0, 60, 60);
                context.fillText(character, 5, 45);
                return context.getImageData(0, 0, 60, 60).data.join();
              };
              return [...'すもうち見側語'].filter(character => drawn(character) === drawn('\u{10FFFE}') || drawn(character) === drawn(' '));
            }
            """);
        Assert.Empty(missing);
    }

    [Fact]
    public async Task A_text_with_script_and_quotes_stays_text()
    {
        const string Text = "</script><script>alert('x')</script> \"& 'so' on\" <b>";
        await using OpenPage open = await browser.Open(Explain(ExampleModel.Tiny(_folder), Text));
        foreach (string figure in await open.Figures())
            await open.Draw(figure);
        Assert.Equal(Text, await open.Page.EvalOnSelectorAsync<string>("#sentence", "node => node.textContent"));
        Assert.Equal(0, await open.Page.Locator("main b:not(.step b, .plus b, .neuron b, figcaption b), #sentence *").CountAsync());
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Twelve_layers_of_twelve_heads_and_256_tokens_stay_usable()
    {
        string text = string.Concat(Enumerable.Repeat(ExampleModel.Sentence, 4)), folder = ExampleModel.Large(_folder);
        string file = Explain(folder, text);
        Assert.InRange(new FileInfo(file).Length, 1, 12_000_000);
        await using OpenPage open = await browser.Open(file);
        await open.Draw("attention-map");
        await open.Redraw("attention-map", () => open.Page.EvaluateAsync("minigpt.showAttention(11, 11)"));

        double[] shown = await open.Page.EvaluateAsync<double[]>("minigpt.views['attention-map'].data('attention').map(cell => cell.v)");
        LoadedModel<float> model = ModelFolder.Load<float>(folder);
        using DecoderTrace<float> trace = model.Model.Trace(model.Tokenizer!.Encode(text));
        for (int query = 0, at = 0; query < 256; query++)
        {
            float[] row = [.. Enumerable.Range(0, query + 1).Select(key => trace.Blocks[11].Weights[11, query, key])];
            foreach (float weight in row)
                Assert.Equal(weight, shown[at++], row.Max() / 509); // half of 1/255 of the largest of its row
        }
        Assert.Empty(open.Complaints);
    }

    private string Explain(string model, string text, string language = "en")
    {
        string file = _folder.File($"page-{language}.html");
        Minigpt.Success(_folder.Root, "explain", "--model", model, "--text", text, "--out", file, "--language", language);
        return file;
    }

    // Layer 1 has the value 0: what a reader chooses by is the label.
    private static SelectOptionValue Labelled(string label) => new() { Label = label };
}
