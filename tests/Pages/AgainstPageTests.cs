using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Two texts side by side: minigpt explain --against.</summary>
public sealed class AgainstPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_map_shows_the_weights_of_one_text_minus_those_of_the_other()
    {
        string folder = ExampleModel.Tiny(_folder), first = "the cat was too tired", other = "the cat was too wide!";
        await using OpenPage open = await browser.Open(Explain(folder, first, other));
        LoadedModel<double> model = ModelFolder.Load<double>(folder);
        using DecoderTrace<double> one = model.Model.Trace(model.Tokenizer!.Encode(first)), two = model.Model.Trace(model.Tokenizer.Encode(other));
        foreach (string figure in (string[])["against-texts", "against-heads", "against-map"])
            await open.Draw(figure);
        Assert.Equal(2 * first.Zip(other).Count(pair => pair.First != pair.Second), await open.Page.Locator("#against-texts .chosen").CountAsync());

        await open.Redraw("against-map", () => open.Page.EvaluateAsync("minigpt.showAgainst(2, 1)"));
        double[] cells = await open.Page.EvaluateAsync<double[]>("minigpt.views['against-map'].data('against-map').flatMap(cell => [cell.r, cell.c, cell.v])");
        Assert.Equal(first.Length * (first.Length + 1) / 2, cells.Length / 3);
        Assert.All(cells.Chunk(3), cell =>
            Assert.Equal(one.Blocks[2].Weights[1, (int)cell[0], (int)cell[1]] - two.Blocks[2].Weights[1, (int)cell[0], (int)cell[1]], cell[2], 1e-4));

        double[] moved = await open.Page.EvaluateAsync<double[]>("minigpt.views['against-heads'].data('against-heads').map(cell => cell.v)");
        Assert.Equal(16, moved.Length);
        Assert.All(moved.Index(), head => Assert.Equal(Moved(head.Index / 4, head.Index % 4), head.Item, 1e-4));
        Assert.Empty(open.Complaints);

        double Moved(int layer, int head) => Enumerable.Range(0, first.Length).Average(query => Enumerable.Range(0, query + 1)
            .Sum(key => Math.Abs(one.Blocks[layer].Weights[head, query, key] - two.Blocks[layer].Weights[head, query, key])) / 2);
    }

    [Fact]
    public async Task A_model_that_reads_in_both_directions_compares_two_texts_too()
    {
        string folder = RecordedModels.Bert(_folder);
        await using OpenPage open = await browser.Open(Explain(folder, "w22 w30 w49", "w22 w30 w18"));
        await open.Draw("against-map");
        int[] a = [2, 22, 30, 49, 3], b = [2, 22, 30, 18, 3];
        Encoder<double> model = ModelFolder.Load<double>(Fixtures.File("family/bert-tiny")).Encoder;
        using EncoderTrace<double> one = model.Trace(a), two = model.Trace(b);
        await open.Redraw("against-map", () => open.Page.EvaluateAsync("minigpt.showAgainst(0, 3)"));
        double[] cells = await open.Page.EvaluateAsync<double[]>("minigpt.views['against-map'].data('against-map').flatMap(cell => [cell.r, cell.c, cell.v])");
        Assert.Equal(25, cells.Length / 3);
        Assert.All(cells.Chunk(3), cell =>
            Assert.Equal(one.Blocks[0].Weights[3, (int)cell[0], (int)cell[1]] - two.Blocks[0].Weights[3, (int)cell[0], (int)cell[1]], cell[2], 1e-4));
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public void Texts_of_other_lengths_and_translators_are_refused_in_one_line()
    {
        ExampleModel.Tiny(_folder);
        Minigpt.Refusal(_folder.Root, 2, "so both must have as many: the first has 5, the other 4", "explain", "--model", "tiny", "--text", "tired", "--against", "wide");
        RecordedModels.WithCharacters(_folder, "marian-tiny");
        Minigpt.Refusal(_folder.Root, 2, "--against is for models that do not translate, marian-tiny does", "explain", "--model", "marian-tiny", "--text", "あ", "--against", "い");
        Assert.False(File.Exists(_folder.File("explain-tiny.html")));
    }

    private string Explain(string model, string text, string against)
    {
        string file = _folder.File("page.html");
        Minigpt.Success(_folder.Root, "explain", "--model", model, "--text", text, "--against", against, "--out", file);
        return file;
    }
}
