using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using MiniGpt.Cli.Pages;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>A page in a file that is asked for another text: what it makes of it by itself is what the engine makes of it.</summary>
public sealed class AnotherTextPageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const double Allowed = 1e-3; // of a number, or of a tenth where it is smaller

    // What the engine alone makes, what is drawn by chance, and what belongs to the model as it was before its weights were rounded.
    private static readonly string[] s_otherwise = ["live", "reasons", "without", "neurons", "generation", "map", "shares", "directions"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds => LivePageTests.Kinds;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_number_of_a_text_that_is_typed_is_the_engine_s(string kind)
    {
        Decoder<float> model = new(LivePageTests.ConfigOf(kind));
        model.Initialize(seed: 5);
        await Compare(model, LivePageTests.Characters, "to be, or not to be", "a dog, うち 猫 😀!\nand");
    }

    [Fact]
    public async Task A_text_of_byte_pairs_and_one_of_a_single_token_are_the_engine_s_too()
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add(System.Text.Encoding.UTF8.GetBytes("the cat sat on the mat, and the dog's cat didn't. すもももももももものうち"));
        BytePairTokenizer tokenizer = trainer.Train(300);
        Decoder<float> model = new(Llama.Config(new ModelSizes(tokenizer.VocabularySize, 32, 2, 4, 64) { KeyHeads = 2 }) with { InitializerRange = 0.12 });
        model.Initialize(seed: 9);
        await Compare(model, tokenizer, "the cat", "the dog 猫 <|endoftext|>すも");
        Decoder<float> other = new(LivePageTests.ConfigOf("gpt2"));
        other.Initialize(seed: 2);
        await Compare(other, LivePageTests.Characters, "to be", "t");
    }

    [Fact]
    public async Task A_token_that_is_not_on_the_map_of_a_large_vocabulary_finds_its_place_there()
    {
        const int Count = 2100, Id = 2050;
        CharacterTokenizer tokenizer = new(Enumerable.Range(0, Count).Select(id => new System.Text.Rune('一' + id)));
        Decoder<float> model = new(Gpt2.Config(new ModelSizes(Count, 32, 1, 2, 32)));
        model.Initialize(seed: 4);
        string own = tokenizer.TokenText(1), typed = tokenizer.TokenText(Id);
        await using OpenPage open = await browser.Open($"{LivePageTests.Write(model, tokenizer, own, _folder)}?text={Uri.EscapeDataString(typed)}");
        Assert.Equal(Id, await open.Page.EvaluateAsync<int>("it.embedding.mapIds.at(-1)"));
        double[] shown = await open.Page.EvaluateAsync<double[]>("[...matrix(it.embedding.map).row(it.embedding.mapIds.length - 1)]");
        EmbeddingView expected = SentenceExplanation.Of(new LoadedModel<float>("live", model, tokenizer, []), typed).Embedding;
        double[] map = Unpacked(expected.Map.Data);
        Assert.Equal(Id, expected.MapIds[^1]);
        Assert.All(map[^2..].Zip(shown), pair => Assert.Equal(pair.First, pair.Second, 0.02 * map.Max(Math.Abs))); // weights of 8 bits
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task A_text_is_typed_and_shown_and_a_wrong_one_is_told()
    {
        Decoder<float> model = new(LivePageTests.ConfigOf("qwen3"));
        model.Initialize(seed: 7);
        await using OpenPage open = await browser.Open(LivePageTests.Write(model, LivePageTests.Characters, "the cat", _folder), width: 390);
        Assert.Equal(1, await open.Page.Locator("#section-without").CountAsync());

        await Type("a dog?");
        Assert.Equal("a dog?", await open.Page.InnerTextAsync("#sentence"));
        Assert.Equal("a dog?", await open.Page.InputValueAsync("#another-text"));
        Assert.Contains("“minigpt explain --serve” shows them for any text", await open.Page.InnerTextAsync("#made-anew"), StringComparison.Ordinal);
        Assert.Equal(0, await open.Page.Locator("#section-without, #section-reasons, #section-neurons, #text-problem").CountAsync());
        foreach (string figure in await open.Figures())
            await open.Draw(figure);
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        // What could come next is said in two places.
        double[] shares = await open.Page.EvaluateAsync<double[]>("it.predictions.places.at(-1).likeliest.map(candidate => candidate.probability)");
        Assert.Equal(shares.Select(share => share * 100), (await open.Page.Locator("#live .next-tokens .number").AllTextContentsAsync()).Select(share => double.Parse(share.TrimEnd(' ', '%'))), (a, b) => Math.Abs(a - b) <= 0.051);

        await Type("a 犬");
        Assert.Contains("no token for “犬”", await open.Page.InnerTextAsync("#text-problem"), StringComparison.Ordinal);
        Assert.Equal("the cat", await open.Page.InnerTextAsync("#sentence"));
        Assert.Equal("a 犬", await open.Page.InputValueAsync("#another-text"));
        await Type("");
        Assert.Contains("at least one token", await open.Page.InnerTextAsync("#text-problem"), StringComparison.Ordinal);

        // Of a text that is longer than the context the first tokens are shown.
        await Type("so many tokens have no room in this context");
        Assert.Equal("so many tokens have no room in t", await open.Page.InnerTextAsync("#sentence"));
        Assert.Contains("the last 11 tokens of the text are left out", await open.Page.InnerTextAsync("#left-out"), StringComparison.Ordinal);
        Assert.Empty(open.Complaints);
        Assert.All(open.Requests, request => Assert.Matches("^(file|data):", request));

        async Task Type(string text)
        {
            await open.Page.FillAsync("#another-text", text);
            await open.Page.RunAndWaitForRequestFinishedAsync(() => open.Page.PressAsync("#another-text", "Enter"));
            await open.Page.WaitForFunctionAsync("text => new URLSearchParams(location.search).get('text') === text && document.querySelector('footer')", text);
        }
    }

    [Fact]
    public async Task A_page_without_weights_has_no_form_and_says_so_when_it_is_asked()
    {
        Decoder<float> model = new(LivePageTests.ConfigOf("gpt2"));
        model.Initialize(seed: 1);
        WordTokenizer words = WordTokenizer.FromText("to be or not");
        await using OpenPage open = await browser.Open(LivePageTests.Write(model, words, "to be", _folder) + "?text=not");
        Assert.Equal("to be", await open.Page.InnerTextAsync("#sentence"));
        Assert.Contains("“minigpt explain --serve” does", await open.Page.InnerTextAsync("#text-problem"), StringComparison.Ordinal);
        Assert.Contains("“minigpt explain --serve” shows this page for any text", await open.Page.InnerTextAsync("#no-live"), StringComparison.Ordinal);
        Assert.Equal(0, await open.Page.Locator("#another").CountAsync());
        Assert.Empty(open.Complaints);
    }

    private async Task Compare(Decoder<float> model, ITokenizer tokenizer, string own, string typed)
    {
        string file = LivePageTests.Write(model, tokenizer, own, _folder);
        await using OpenPage open = await browser.Open($"{file}?text={Uri.EscapeDataString(typed)}");
        LivePageTests.Round(model);
        SentenceExplanation explanation = SentenceExplanation.Of(new LoadedModel<float>("live", model, tokenizer, []), typed);
        JsonNode expected = JsonSerializer.SerializeToNode(explanation, PageJson.Default.SentenceExplanation)!;
        JsonNode shown = JsonNode.Parse(await open.Page.EvaluateAsync<string>("JSON.stringify(it, (key, value) => value instanceof Float32Array ? [...value] : value)"))!;
        int numbers = Same(expected, shown, "it");
        Assert.InRange(numbers, 500, int.MaxValue);
        Assert.Equal(typed, (string?)shown["text"]);

        // The first token of what is written is chosen from the logits of the engine.
        using DecoderTrace<float> trace = model.Trace(tokenizer.Encode(typed));
        float[] logits = trace.Logits.Span[^model.Config.VocabularySize..].ToArray();
        double[] first = await open.Page.EvaluateAsync<double[]>("[...matrix(it.generation.logits).row(0)]");
        Assert.All(logits.Zip(first), pair => Assert.Equal(pair.First, pair.Second, Allowed * logits.Max(Math.Abs)));
        Assert.Equal(explanation.Generation!.Chosen.Length, await open.Page.EvaluateAsync<int>("it.generation.chosen.length"));
        Assert.Empty(open.Complaints);
    }

    /// <summary>Compares whatever the engine has with what the page has, and counts the numbers.</summary>
    private static int Same(JsonNode? expected, JsonNode? shown, string path)
    {
        switch (expected)
        {
            case JsonObject parts:
                return parts.Where(part => !s_otherwise.Contains(part.Key)).Sum(part => part.Key == "data"
                    ? SameNumbers(Unpacked(part.Value!), Unpacked(shown![part.Key]!), $"{path}.data")
                    : Same(part.Value, shown![part.Key], $"{path}.{part.Key}"));
            case JsonArray items:
                Assert.True(items.Count == shown!.AsArray().Count, path);
                return items.Index().Sum(item => Same(item.Item, shown[item.Index], $"{path}[{item.Index}]"));
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number:
                return SameNumbers([value.GetValue<double>()], [shown!.GetValue<double>()], path);
            default:
                Assert.True(JsonNode.DeepEquals(expected, shown), $"{path}: {expected?.ToJsonString()} expected, {shown?.ToJsonString()} found");
                return 0;
        }
    }

    private static int SameNumbers(double[] expected, double[] shown, string path)
    {
        Assert.True(expected.Length == shown.Length, path);
        foreach ((double number, double other) in expected.Zip(shown))
            Assert.True(Math.Abs(number - other) <= Allowed * Math.Max(0.1, Math.Abs(number)), $"{path}: {number} expected, {other} found");
        return expected.Length;
    }

    private static double[] Unpacked(JsonNode data) => data is JsonArray numbers
        ? [.. numbers.Select(number => number!.GetValue<double>())]
        : [.. MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(data.GetValue<string>())).ToArray().Select(number => (double)number)];
}
