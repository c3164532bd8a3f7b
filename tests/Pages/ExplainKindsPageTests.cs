using System.Text.Json;
using Microsoft.Playwright;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Pages of models that read, that translate, that turn queries and keys and that share them: what they show is what the models compute in double.</summary>
public sealed class ExplainKindsPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const double Rounding = 2e-5; // floats beside doubles

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Of_an_encoder_masked_words_segments_and_attention_in_both_directions_are_shown()
    {
        string page = Explain(RecordedModels.Bert(_folder), "w22 [MASK] w49 [SEP] w18 [MASK]");
        int[] ids = [2, 22, 4, 49, 3, 18, 4, 3], segments = [0, 0, 0, 0, 0, 1, 1, 1];
        Encoder<double> model = ModelFolder.Load<double>(Fixtures.File("family/bert-tiny")).Encoder;
        using EncoderTrace<double> trace = model.Trace(ids, segments);
        using Tape<double> tape = new(records: false);
        double[][] probabilities = [.. tape.Constant(trace.Logits).Softmax().Value.Span.ToArray().Chunk(model.Config.VocabularySize)];

        await using OpenPage open = await OpenWhole(page);
        foreach ((int mask, int row) in (IEnumerable<(int, int)>)[(0, 2), (1, 6)])
        {
            await open.Redraw("masked", () => open.Page.Locator("#masked select").SelectOptionAsync(mask == 0 ? "1" : "0"));
            await open.Redraw("masked", () => open.Page.Locator("#masked select").SelectOptionAsync($"{mask}"));
            (string Name, double Share)[] bars = await Pairs(open, "minigpt.views.masked.data('masked').map(bar => [bar.name, bar.v])");
            (double Share, int Id)[] expected = [.. probabilities[row].Select((share, id) => (share, id)).OrderByDescending(pair => pair.share).Take(10)];
            Assert.Equal(expected.Select(pair => pair.Id < 5 ? new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]" }[pair.Id] : $"w{pair.Id}"), bars.Select(bar => bar.Name));
            Assert.All(expected.Zip(bars), pair => Assert.Equal(pair.First.Share, pair.Second.Share, Rounding));
        }

        await open.Redraw("attention-map", () => open.Page.EvaluateAsync("minigpt.showAttention(1, 2)"));
        double[] cells = await open.Page.EvaluateAsync<double[]>("minigpt.views['attention-map'].data('attention').flatMap(cell => [cell.r, cell.c, cell.v])");
        Assert.Equal(ids.Length * ids.Length, cells.Length / 3);
        Assert.All(cells.Chunk(3), cell => Assert.Equal(trace.Blocks[1].Weights[2, (int)cell[0], (int)cell[1]], cell[2], Rounding));
        await open.Draw("tokens");
        await open.OpenTable("tokens");
        Assert.Equal(segments.Select(segment => $"{segment}"), await open.Page.Locator("#tokens td:last-child").AllInnerTextsAsync());
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task A_text_without_a_mask_is_told_that_there_is_nothing_to_fill_in()
    {
        await using OpenPage open = await browser.Open(Explain(RecordedModels.Bert(_folder), "w22 w49"));
        Assert.Contains("There is no [MASK] in this text", await open.Page.InnerTextAsync("#no-mask"), StringComparison.Ordinal);
        Assert.Equal(0, await open.Page.Locator("#masked, #lens").CountAsync());
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Of_a_translator_the_recorded_translation_is_shown_with_whom_each_token_looks_at_and_all_beginnings()
    {
        int[] source = [15, 39, 14, 1], translation = [1, 14, 39, 15]; // the third of trace.json
        const double Score = -0.02043834923859262;
        await using OpenPage open = await OpenWhole(Explain(RecordedModels.WithCharacters(_folder, "marian-tiny"), RecordedModels.TextOf(source)));
        Assert.Equal(RecordedModels.TextOf(translation), await open.Page.InnerTextAsync("#translation"));
        Assert.Equal(Score, await open.Page.EvaluateAsync<double>("minigpt.page.content.translation.found[0].score"), Rounding);

        Translator<double> model = ModelFolder.Load<double>(Fixtures.File("family/marian-tiny")).Translator;
        using TranslationTrace<double> trace = model.Trace([.. source, 0], [46, .. translation]);
        await open.Redraw("source-map", () => open.Page.EvaluateAsync("minigpt.showSource(1, 3)"));
        double[] cells = await open.Page.EvaluateAsync<double[]>("minigpt.views['source-map'].data('source-map').flatMap(cell => [cell.r, cell.c, cell.v])");
        double[][] weights = [.. Enumerable.Range(0, 5).Select(row => Enumerable.Range(0, 5).Select(column => trace.Blocks[1].SourceWeights[3, row, column]).ToArray())];
        Assert.Equal(25, cells.Length / 3);
        Assert.All(cells.Chunk(3), cell => Assert.Equal(weights[(int)cell[0]][(int)cell[1]], cell[2], Rounding));
        Assert.Equal(weights.Select(row => Array.IndexOf(row, row.Max())), await open.Page.EvaluateAsync<int[]>("minigpt.alignment()"));
        await open.Draw("alignment");
        Assert.Equal(5, await open.Page.EvaluateAsync<int>("minigpt.views.alignment.data('alignment').length"));

        // The best path of the tree has the model's own probabilities, and every beginning that was kept was among the four best of its step.
        using Tape<double> tape = new(records: false);
        double[][] probabilities = [.. tape.Constant(trace.Logits).Softmax().Value.Span.ToArray().Chunk(47)];
        double[] best = await open.Page.EvaluateAsync<double[]>("minigpt.searchTree.filter(node => node.isBest && node.depth > 0).map(node => node.probability)");
        Assert.All(best.Zip((int[])[.. translation, 0]).Index(), pair =>
            Assert.Equal(probabilities[pair.Index][pair.Item.Second] / (1 - probabilities[pair.Index][46]), pair.Item.First, Rounding)); // padding is never written
        Assert.Equal(5, best.Length);
        Assert.True(await open.Page.EvaluateAsync<bool>("""
            minigpt.page.content.translation.search.every(step => step.length <= 8 && step.filter(c => c.fate === 'kept').length <= 4
              && step.every((c, i) => i === 0 || c.sum <= step[i - 1].sum))
            """));

        (string Name, double Share)[] bars = await Pairs(open, "minigpt.views.next.data('next').map(bar => [bar.name, bar.v])");
        Assert.Equal(RecordedModels.TextOf(1), bars[0].Name);
        Assert.Equal(probabilities[0][1], bars[0].Share, Rounding);
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Of_a_translator_with_a_vocabulary_for_each_language_each_side_is_named_in_its_own()
    {
        int[] source = [15, 39, 14, 1];
        string text = string.Concat(source.Select(id => (char)('ア' + id)));
        await using OpenPage open = await OpenWhole(Explain(RecordedModels.WithTwoAlphabets(_folder), text));
        Assert.Equal(RecordedModels.TextOf(1, 14, 39, 15), await open.Page.InnerTextAsync("#translation"));
        string read = await open.Page.InnerTextAsync("#tokens"), written = await open.Page.InnerTextAsync("#target-tokens");
        Assert.All(source, id =>
        {
            Assert.Contains((char)('ア' + id), read);
            Assert.DoesNotContain(RecordedModels.TextOf(id), read, StringComparison.Ordinal);
            Assert.Contains(RecordedModels.TextOf(id), written, StringComparison.Ordinal);
            Assert.DoesNotContain((char)('ア' + id), written);
        });
        string[] near = await open.Page.EvaluateAsync<string[]>("minigpt.views.neighbours.data('neighbours').map(bar => bar.name)");
        Assert.NotEmpty(near);
        Assert.All(near, name => Assert.InRange(name[0], 'ア', (char)('ア' + 46)));
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Rotary_positions_turn_queries_and_keys_to_the_scores_of_the_model_and_groups_of_heads_look_where_it_looks()
    {
        int[] ids = [55, 10, 43, 12, 23, 2, 18, 36, 34];
        await using OpenPage open = await OpenWhole(Explain(RecordedModels.WithCharacters(_folder, "llama-tiny"), RecordedModels.TextOf(ids)));
        using DecoderTrace<double> trace = ModelFolder.Load<double>(Fixtures.File("family/llama-tiny")).Model.Trace(ids);
        foreach ((int head, int query, int key) in (IEnumerable<(int, int, int)>)[(0, 8, 0), (2, 5, 4), (3, 7, 7), (5, 8, 3)])
        {
            double[] products = await open.Page.EvaluateAsync<double[]>("""
                ([head, query, key]) => {
                  minigpt.rotation.set({ head: String(head), query: String(query), key: String(key) });
                  return [0, 1, 100, 1000].map(shift => minigpt.rotation.product(query + shift, key + shift));
                }
                """, new[] { head, query, key });
            Assert.All(products, product => Assert.Equal(trace.Blocks[0].Scores[head, query, key], product, 1e-4));
        }
        await open.Draw("rotation-distance");
        await open.Page.WaitForFunctionAsync( // a change is drawn a moment later
            "wanted => Math.abs(minigpt.views['rotation-distance'].data('rotation-real')[0].y - wanted) < 1e-4", trace.Blocks[0].Scores[5, 8, 3]);
        Assert.Equal(trace.Blocks[0].Scores[5, 8, 3], await open.Page.EvaluateAsync<double>("minigpt.views['rotation-distance'].data('rotation-real')[0].y"), 1e-4);

        await open.Draw("head-groups");
        await open.OpenTable("head-groups");
        IReadOnlyList<string> table = await open.Page.Locator("#head-groups td").AllInnerTextsAsync();
        Assert.Equal(6, table.Count / 4);
        Assert.All(table.Chunk(4).Index(), pair =>
        {
            double[] row = [.. Enumerable.Range(0, ids.Length).Select(key => trace.Blocks[0].Weights[pair.Index, ids.Length - 1, key])];
            int strongest = Array.IndexOf(row, row.Max());
            Assert.Equal([$"{pair.Index + 1}", $"{pair.Index / 3 + 1}", $"{strongest + 1} {RecordedModels.TextOf(ids[strongest])}"], pair.Item[..3]);
        });
        Assert.Empty(open.Complaints);
    }

    [Theory]
    [InlineData("bert-tiny", "ja", ColorScheme.Dark)]
    [InlineData("marian-tiny", "ja", ColorScheme.Light)]
    [InlineData("llama-tiny", "ja", ColorScheme.Dark)]
    public async Task On_a_phone_nothing_is_wider_than_the_window_and_heat_maps_fill_their_card(string name, string language, ColorScheme scheme)
    {
        string model = name == "bert-tiny" ? RecordedModels.Bert(_folder) : RecordedModels.WithCharacters(_folder, name);
        string text = name == "bert-tiny" ? "w7 w8 [MASK] w9 w10 w11 w12" : RecordedModels.TextOf(32, 10, 42, 37, 12, 2, 18, 3, 34, 29, 3);
        string page = Explain(model, text, "--language", language);
        Assert.InRange(new FileInfo(page).Length, 1, 3_000_000);
        await using OpenPage open = await OpenWhole(page, width: 390, scheme);
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        string map = name == "marian-tiny" ? "source-map" : "attention-map";
        double share = await open.Page.EvaluateAsync<double>("map => minigpt.views[map].width() / document.querySelector(`#${map} .plot`).clientWidth", map);
        Assert.InRange(share, 0.6, 1);
        Assert.Empty(open.Complaints);
        Assert.Equal([$"file://{page}"], open.Requests.Where(url => !url.StartsWith("data:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_link_lands_at_its_section_whatever_is_drawn_on_the_way()
    {
        await using OpenPage open = await browser.Open(Explain(ExampleModel.Tiny(_folder), ExampleModel.Sentence), width: 1200);
        foreach (string section in (string[])["section-generation", "section-mask", "section-predictions", "section-embedding", "section-attention"])
        {
            await open.Page.ClickAsync($"nav a[href='#{section}']");
            await open.Page.WaitForFunctionAsync("""
                section => [...document.querySelectorAll(`#${section} figure`)].filter(f => f.getBoundingClientRect().top < innerHeight).every(f => f.dataset.drawn)
                """, section);
            // Sections above are still drawn while it stands there.
            await open.Page.WaitForFunctionAsync("[...document.querySelectorAll('figure')].every(f => f.dataset.drawn || f.getBoundingClientRect().bottom < -400 || f.getBoundingClientRect().top > innerHeight + 400)");
            double off = await open.Page.EvaluateAsync<double>("""
                section => Math.min(Math.abs(document.getElementById(section).getBoundingClientRect().top - parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop)),
                  document.documentElement.scrollHeight - scrollY - innerHeight)
                """, section);
            Assert.True(off <= 2, $"{section} is {off} pixels off");
        }
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task A_text_that_was_cut_at_the_context_is_told_on_the_page()
    {
        await using OpenPage open = await browser.Open(Explain(ExampleModel.Tiny(_folder), ExampleModel.Sentence + "n the mind to suffer"));
        Assert.Contains("64 tokens: the last 20 tokens", await open.Page.InnerTextAsync("#left-out"), StringComparison.Ordinal);
        Assert.Equal(ExampleModel.Sentence, await open.Page.EvalOnSelectorAsync<string>("#sentence", "node => node.textContent"));
    }

    private string Explain(string model, string text, params string[] options)
    {
        string file = _folder.File("page.html");
        Minigpt.Success(_folder.Root, ["explain", "--model", model, "--text", text, "--out", file, .. options]);
        return file;
    }

    private async Task<OpenPage> OpenWhole(string page, int width = 1000, ColorScheme scheme = ColorScheme.Light)
    {
        OpenPage open = await browser.Open(page, width, scheme);
        foreach (string figure in await open.Figures())
            await open.Draw(figure);
        return open;
    }

    private static async Task<(string Name, double Value)[]> Pairs(OpenPage open, string expression)
    {
        string json = await open.Page.EvaluateAsync<string>($"JSON.stringify({expression})");
        return [.. JsonDocument.Parse(json).RootElement.EnumerateArray().Select(pair => (pair[0].GetString()!, pair[1].GetDouble()))];
    }
}
