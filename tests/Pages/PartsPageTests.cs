using System.Text.Json;
using Microsoft.Playwright;
using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Lessons;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>What minigpt trace says, on the page of minigpt explain: parts switched off, neurons, and where two texts' difference is carried.</summary>
public sealed class PartsPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const string Text = "To be, or not";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_cell_of_the_board_is_the_model_without_that_part()
    {
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, Text));
        (Decoder<double> model, int[] ids) = ModelOf(folder, Text);
        await open.Draw("without-map");
        Assert.Equal(4 * (4 + 3), await open.Page.Locator("#without-map button.part").CountAsync());
        int token = await open.Page.EvaluateAsync<int>("it.without.token");
        for (int layer = 0; layer < 4; layer++)
        {
            for (int column = 0; column < 7; column++)
            {
                ModelPart[] parts = column switch
                {
                    < 4 => [ModelPart.OfHead(layer, column)],
                    4 => [ModelPart.OfAttention(layer)],
                    5 => [ModelPart.OfFeedForward(layer)],
                    _ => [.. ModelPart.OfLayer(layer)],
                };
                Dictionary<int, ChangedToken> expected = SwitchedOffView.Of(model, ids, parts, model.Config.VocabularySize).Tokens.ToDictionary(changed => changed.Id);
                Assert.Equal(expected.Values.MaxBy(changed => changed.Before).Id, token);
                await open.Redraw("without-next", () => open.Page.EvaluateAsync("([layer, column]) => { minigpt.switchOff(layer, column); }", new[] { layer, column }));
                Assert.True(await open.Page.EvaluateAsync<bool>(
                    "([layer, column]) => it.without.cells[layer * 7 + column].next.ids.every(id => minigpt.views['without-next'].data('without-next').some(bar => bar.id === id))", new[] { layer, column }));
                double[] cell = await open.Page.EvaluateAsync<double[]>(
                    "([layer, column]) => { const { next } = it.without.cells[layer * 7 + column]; return next.ids.flatMap((id, i) => [id, next.probabilities[i], next.logits[i], it.without.before.probabilities[it.without.before.ids.indexOf(id)]]); }",
                    new[] { layer, column });
                Assert.All(cell.Chunk(4), shown =>
                {
                    ChangedToken changed = expected[(int)shown[0]];
                    Assert.Equal(changed.After, shown[1], 1e-9);
                    Assert.Equal(changed.LogitAfter, shown[2], 1e-9);
                    Assert.Equal(changed.Before, shown[3], 1e-9);
                });
                Assert.Equal(Math.Sign(expected[token].Change) < 0, await open.Page.Locator("#without-map button.part").Nth(layer * 7 + column).EvaluateAsync<bool>("button => button.classList.contains('negative')"));
            }
        }
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task A_cell_is_chosen_by_mouse_and_by_arrow_keys_and_shows_what_trace_says()
    {
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, Text, language: "ja"), width: 390);
        await open.Draw("without-next");
        await open.Redraw("without-next", () => open.Page.ClickAsync("#without-map tr:nth-child(2) td:nth-child(4) button"));
        await AssertShows("2.3");
        Assert.Equal("true", await open.Page.GetAttributeAsync("#without-map tr:nth-child(2) td:nth-child(4) button", "aria-pressed"));

        // The board is one stop of the Tab key; inside of it the arrow keys lead.
        Assert.Equal(1, await open.Page.Locator("#without-map button.part[tabindex=\"0\"]").CountAsync());
        foreach (string key in (string[])["ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowRight"])
            await open.Page.Keyboard.PressAsync(key);
        await AssertShows("3.2");
        Assert.Contains("ヘッド 2", await open.Page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label')"), StringComparison.Ordinal);

        // Coloured by logits instead, the same cell stays chosen.
        await open.Redraw("without-map", () => open.Page.ClickAsync("#without-map .group button:nth-child(2)"));
        Assert.Equal(1, await open.Page.Locator("#without-map button.part[aria-pressed=\"true\"]").CountAsync());
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        Assert.Empty(open.Complaints);

        async Task AssertShows(string head)
        {
            JsonElement off = Trace("--text", Text, "--without-head", head, "--top", "60").GetProperty("switched_off");
            Dictionary<int, JsonElement> tokens = off.GetProperty("tokens").EnumerateArray().ToDictionary(token => token.GetProperty("id").GetInt32());
            int[] place = [.. head.Split('.').Select(int.Parse)];
            await open.Page.WaitForFunctionAsync("([layer, head]) => document.querySelectorAll('#without-map button.part')[(layer - 1) * 7 + head - 1].getAttribute('aria-pressed') === 'true'", place);
            JsonElement bars = default;
            for (bool isThere = false; !isThere;)
            {
                TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
                bars = (await open.Page.EvaluateAsync("minigpt.views['without-next'].data('without-next').map(bar => [bar.id, bar.v])"))!.Value;
                isThere = bars.EnumerateArray().All(bar => tokens[bar[0].GetInt32()] is var token && new[] { "probability_before", "probability_after" }
                    .Any(name => Math.Abs(token.GetProperty(name).GetDouble() - bar[1].GetDouble()) < 1e-9));
            }
            Assert.Equal(tokens.Values.OrderByDescending(token => token.GetProperty("probability_after").GetDouble()).Take(6).Select(token => token.GetProperty("id").GetInt32()).Order(),
                bars.EnumerateArray().Chunk(2).Select(pair => pair[1]).OrderByDescending(bar => bar[1].GetDouble()).Take(6).Select(bar => bar[0].GetInt32()).Order());
        }
    }

    [Fact]
    public async Task Neurons_have_the_activity_and_the_tokens_of_the_engine()
    {
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, Text));
        (Decoder<double> model, int[] ids) = ModelOf(folder, Text);
        using DecoderTrace<double> trace = model.Trace(ids);
        await open.Draw("neurons");
        await open.Redraw("neurons", () => open.Page.SelectOptionAsync("#neurons select", new SelectOptionValue { Value = "2" }));
        await open.Redraw("neurons", () => open.Page.ClickAsync("#neurons .token:nth-child(4)"));
        double[] shown = await open.Page.EvaluateAsync<double[]>("it.neurons.strongest[3][2].flatMap(neuron => [neuron.index, neuron.activity])");
        Assert.Equal(8, shown.Length);
        Assert.All(shown.Chunk(2), neuron => Assert.Equal(trace.Blocks[2].Neurons[3, (int)neuron[0]], neuron[1], 1e-9));
        Assert.Equal(shown.Chunk(2).Select(neuron => $"Neuron {neuron[0] + 1}"), await open.Page.Locator("#neurons .neuron b").AllTextContentsAsync());

        // What it speaks for, as trace has it; turned round where it is active the other way.
        int index = (int)shown[0];
        JsonElement told = Trace("--neuron", $"3.{index + 1}", "--top", "4").GetProperty("neuron");
        double[] effects = await open.Page.EvaluateAsync<double[]>("index => { const { raises, lowers } = it.neurons.neurons.find(view => view.layer === 2 && view.index === index); return [...raises, ...lowers].flatMap(token => [token.id, token.effect]); }", index);
        JsonElement[] tokens = [.. told.GetProperty("raises").EnumerateArray(), .. told.GetProperty("lowers").EnumerateArray()];
        Assert.Equal(tokens.Select(token => token.GetProperty("id").GetInt32()), effects.Chunk(2).Select(token => (int)token[0]));
        Assert.All(tokens.Zip(effects.Chunk(2)), pair => Assert.Equal(pair.First.GetProperty("effect").GetDouble(), pair.Second[1], 1e-9));
        string likelier = string.Join("  ", tokens.Skip(shown[1] < 0 ? 4 : 0).Take(4).Select(token => token.GetProperty("token").GetString()!.Replace(' ', '␣').Replace('\n', '⏎')));
        Assert.Equal(likelier, await open.Page.Locator("#neurons .neuron .mono").First.TextContentAsync());

        // A token that was chosen by keyboard keeps the focus.
        await open.Redraw("neurons", async () =>
        {
            await open.Page.FocusAsync("#neurons .token:nth-child(6)");
            await open.Page.Keyboard.PressAsync("Enter");
        });
        Assert.True(await open.Page.EvaluateAsync<bool>("document.activeElement === document.querySelector('#neurons .token:nth-child(6)')"));
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task The_map_of_two_texts_says_which_vector_carries_their_difference()
    {
        const string Other = "To he, or got";
        string folder = ExampleModel.Tiny(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, Text, Other));
        await open.Draw("patching");
        int[] asked = await open.Page.EvaluateAsync<int[]>("[it.against.patching.token, it.against.patching.against]");
        (Decoder<double> model, int[] ids) = ModelOf(folder, Text);
        int[] others = ModelOf(folder, Other).Ids;
        PatchingView view = PatchingView.Of(model, ids, others, asked[0], asked[1]);
        double[] cells = await open.Page.EvaluateAsync<double[]>("minigpt.views.patching.data('patching').flatMap(cell => [cell.r, cell.c, cell.v])");
        Assert.Equal(5 * ids.Length, cells.Length / 3);
        Assert.All(cells.Chunk(3), cell => Assert.Equal(view.ShareRestored((int)cell[0], (int)cell[1]), cell[2], 1e-9));
        Assert.Equal(["4 b | h", "11 n | g"], await open.Page.EvaluateAsync<string[]>("[...new Set(minigpt.views.patching.data('patching').map(cell => cell.column))].filter(name => name.includes('|'))"));

        string[] named = [.. asked.Select(id => ModelFolder.Load<float>(folder).Tokenizer!.TokenText(id))];
        JsonElement patching = Trace("--text", Text, "--patch-from", Other, "--token", named[0], "--against", named[1]).GetProperty("patching");
        double[] shares = [.. patching.GetProperty("depths").EnumerateArray().SelectMany(depth => depth.GetProperty("shares").EnumerateArray()).Select(share => share.GetDouble())];
        Assert.All(shares.Zip(cells.Chunk(3)), pair => Assert.Equal(pair.First, pair.Second[2], 1e-9));
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public void Two_texts_with_one_likeliest_token_are_asked_about_the_tokens_that_rise_and_fall_most()
    {
        string folder = ExampleModel.Tiny(_folder);
        LoadedModel<float> loaded = ModelFolder.Load<float>(folder);
        (Decoder<double> model, _) = ModelOf(folder, "");
        bool wasSame = false, wereDifferent = false;
        foreach (string other in (string[])["To be, or got", "so be, or not", "To be, or no?", "To we, or not", "Ta be, or not"])
        {
            double[] here = Shares(Text), there = Shares(other);
            PatchingView view = SentenceExplanation.Of(loaded, Text, new ExplanationOptions { Against = other }).Against!.Patching!;
            int first = Greatest(here), second = Greatest(there);
            if (first == second)
                Assert.Equal((Greatest([.. there.Zip(here, (a, b) => a - b)]), Greatest([.. here.Zip(there, (a, b) => a - b)])), (view.Token, view.Against));
            else
                Assert.Equal((second, first), (view.Token, view.Against));
            (wasSame, wereDifferent) = (wasSame || first == second, wereDifferent || first != second);
        }
        Assert.True(wasSame && wereDifferent);
        Assert.Null(SentenceExplanation.Of(loaded, Text, new ExplanationOptions { Against = Text }).Against!.Patching);

        double[] Shares(string text)
        {
            using DecoderTrace<double> trace = model.Trace(loaded.Tokenizer!.Encode(text));
            double[] powers = [.. trace.Logits.Span[^model.Config.VocabularySize..].ToArray().Select(Math.Exp)];
            return [.. powers.Select(power => power / powers.Sum())];
        }

        static int Greatest(double[] numbers) => numbers.Index().MaxBy(number => number.Item).Index;
    }

    [Theory]
    [InlineData(Language.English, "#no-without", "would take long", "#no-patching", "“minigpt trace --patch-from TEXT” does it")]
    [InlineData(Language.Japanese, "#no-without", "時間がかかりすぎます", "#no-patching", "minigpt trace --patch-from")]
    public async Task What_would_take_long_is_left_to_trace_and_the_page_says_so(Language language, string off, string offText, string patching, string patchingText)
    {
        LoadedModel<float> loaded = ModelFolder.Load<float>(ExampleModel.Tiny(_folder));
        SentenceExplanation explanation = SentenceExplanation.Of(loaded, "To be", new ExplanationOptions { Against = "To me" });
        explanation = explanation with { Without = null, Neurons = null, Against = explanation.Against! with { Patching = null } };
        string file = _folder.File("page.html");
        Page.Write(file, ExplainVerb.Scripts, Texts.Of(language), explanation, PageJson.Default.SentenceExplanation);
        await using OpenPage open = await browser.Open(file);
        Assert.Contains(offText, await open.Page.InnerTextAsync(off), StringComparison.Ordinal);
        Assert.Contains(patchingText, await open.Page.InnerTextAsync(patching), StringComparison.Ordinal);
        Assert.Equal(0, await open.Page.Locator("#without-map, #neurons, #patching").CountAsync());
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Equal_texts_have_no_map_and_heads_are_left_out_where_they_would_take_long()
    {
        string folder = ExampleModel.Tiny(_folder), file = Explain(folder, "To be", "To be");
        await using (OpenPage open = await browser.Open(file))
            Assert.Contains("no difference to look for", await open.Page.InnerTextAsync("#no-patching"), StringComparison.Ordinal);
        LoadedModel<float> loaded = ModelFolder.Load<float>(folder);
        SentenceExplanation explanation = SentenceExplanation.Of(loaded, "To be");
        explanation = explanation with { Without = SwitchedOffMap.Of(loaded.Model, loaded.Tokenizer!.Encode("To be"), withHeads: false) };
        Page.Write(file, ExplainVerb.Scripts, Texts.Of(Language.English), explanation, PageJson.Default.SentenceExplanation);
        await using (OpenPage open = await browser.Open(file))
        {
            await open.Draw("without-next");
            Assert.Contains("--without-head", await open.Page.InnerTextAsync("#without-no-heads"), StringComparison.Ordinal);
            Assert.Equal(12, await open.Page.Locator("#without-map button.part").CountAsync());
            Assert.Empty(open.Complaints);
        }
    }

    private (Decoder<double> Model, int[] Ids) ModelOf(string folder, string text)
    {
        LoadedModel<double> loaded = ModelFolder.Load<double>(folder);
        return (loaded.Model, loaded.Tokenizer!.Encode(text));
    }

    private JsonElement Trace(params string[] arguments) =>
        JsonDocument.Parse(Minigpt.Success(_folder.Root, ["trace", "--model", "tiny", .. arguments, "--json"])).RootElement;

    private string Explain(string model, string text, string? against = null, string language = "en")
    {
        string file = _folder.File("page.html");
        Minigpt.Success(_folder.Root, ["explain", "--model", model, "--text", text, .. against is null ? (string[])[] : ["--against", against], "--out", file, "--language", language]);
        return file;
    }
}
