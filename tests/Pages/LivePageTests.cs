using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Lessons;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tensors.Storage;
using Xunit;

namespace MiniGpt.Tests.Pages;

/// <summary>Models that run in their page: in JavaScript, from weights in Q8_0, held to the engine with weights that were rounded in the same way.</summary>
public sealed class LivePageTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private const string Letters = "\n abcdefghijklmnopqrstuvwxyz.,!?すもうち猫😀";
    private const double Allowed = 1e-3; // of the largest logit
    private const long MostPageBytes = 3_000_000;

    private static readonly ModelSizes s_sizes = new(Letters.EnumerateRunes().Count(), 32, 2, 4, 64);

    private readonly TemporaryFolder _folder = new();

    internal static CharacterTokenizer Characters => new(Letters.EnumerateRunes());

    public static TheoryData<string> Kinds => ["gpt2", "llama", "qwen3", "gemma", "windowed", "as of 2017", "odd width"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_page_computes_the_engine_s_logits_and_its_greedy_text(string kind)
    {
        Decoder<float> model = new(ConfigOf(kind));
        model.Initialize(seed: 5);
        CharacterTokenizer tokenizer = Characters;
        await using OpenPage open = await browser.Open(Write(model, tokenizer, "to be, or not to be", _folder));
        Round(model);
        await SameLogits(open, model, tokenizer, "t", "to be, or", "うち 猫 😀!\n", "a text of many tokens, so long.");

        // On beyond the context, where the last half of it is kept.
        await open.Draw("live");
        await open.Page.EvalOnSelectorAsync("#live-temperature", "input => { input.value = 0; input.dispatchEvent(new Event('input')); }");
        await open.Page.ClickAsync("#live-write");
        await open.Page.WaitForFunctionAsync("() => !minigpt.live.isWriting()");
        int[] ids = tokenizer.Encode("to be, or not to be");
        int[] expected = [.. ids, .. new Generator<float>(model.ForReading(), tokenizer).Generate(ids, new SamplingOptions { Temperature = 0 }).Take(40)];
        Assert.Equal(expected, await open.Page.EvaluateAsync<int[]>("minigpt.live.ids()"));
        Assert.Equal(tokenizer.Decode(expected), await open.Page.InputValueAsync("#live-text"));
        Assert.Empty(open.Complaints);
        Assert.All(open.Requests, request => Assert.StartsWith("file:", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_typed_is_read_and_what_is_chosen_is_gone_on_with()
    {
        Decoder<float> model = new(ConfigOf("qwen3"));
        model.Initialize(seed: 7);
        CharacterTokenizer tokenizer = Characters;
        await using OpenPage open = await browser.Open(Write(model, tokenizer, "the cat", _folder), width: 390);
        Round(model);
        await open.Draw("live");
        await open.Redraw("live", () => open.Page.FillAsync("#live-text", "a dog"));
        using (DecoderTrace<float> trace = model.Trace(tokenizer.Encode("a dog")))
        {
            double[] shares = Sampler.Probabilities<float>(trace.Logits.Span[^model.Config.VocabularySize..], new SamplingOptions { Temperature = 1 });
            int[] best = [.. Enumerable.Range(0, shares.Length).OrderByDescending(id => shares[id]).Take(10)];
            Assert.Equal(best.Select(id => tokenizer.TokenText(id).Replace(' ', '␣').Replace('\n', '⏎')), await open.Page.Locator("#live .next-tokens .mono").AllTextContentsAsync());
            await open.Page.FocusAsync("#live .next-tokens button:nth-child(3)");
            await open.Redraw("live", () => open.Page.Keyboard.PressAsync("Enter"));
            Assert.Equal("a dog" + tokenizer.TokenText(best[2]), await open.Page.InputValueAsync("#live-text"));
        }

        await open.Redraw("live", () => open.Page.FillAsync("#live-text", "a 犬"));
        Assert.Contains("no token for “犬”", await open.Page.InnerTextAsync("#live-problem"), StringComparison.Ordinal);
        await open.Redraw("live", () => open.Page.FillAsync("#live-text", ""));
        Assert.Contains("at least one token", await open.Page.InnerTextAsync("#live-problem"), StringComparison.Ordinal);

        List<string> written = [];
        foreach (string seed in (string[])["8", "8", "9"])
        {
            await open.Page.ClickAsync("#live-reset");
            await open.Page.FillAsync("#live-seed", seed);
            await open.Page.Locator("#live-seed").BlurAsync();
            await open.Page.ClickAsync("#live-write");
            await open.Page.WaitForFunctionAsync("() => !minigpt.live.isWriting()");
            written.Add(await open.Page.InputValueAsync("#live-text"));
            Assert.Equal(47, written[^1].EnumerateRunes().Count());
        }
        Assert.Equal(written[0], written[1]);
        Assert.NotEqual(written[0], written[2]);
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task Byte_pairs_are_cut_and_joined_as_the_tokenizer_does()
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add(System.Text.Encoding.UTF8.GetBytes("the cat sat on the mat, and the dog's cat didn't. すもももももももものうち 12 123 1234\n\n  the end\t of  it "));
        BytePairTokenizer tokenizer = trainer.Train(330);
        Decoder<float> model = new(Llama.Config(new ModelSizes(tokenizer.VocabularySize, 32, 2, 4, 64) { KeyHeads = 2 }) with { InitializerRange = 0.12 });
        model.Initialize(seed: 9);
        await using OpenPage open = await browser.Open(Write(model, tokenizer, "the cat sat", _folder));
        string[] texts =
        [
            "the cat sat on the mat", "  two  spaces ", "it's, I'll, we've, they're, he'd, 'tis, don'T", "すもももも😀もも", "a\n\n\nb \t\u3000c\u00a0d\u0085e", "1234567 ½ ²",
            "<|endoftext|>the<|endoftext|><|endof", "e\u0301 \u212b é", "\ufeffx\u2028 y", "",
        ];
        foreach (string text in texts)
        {
            int[] ids = await open.Page.EvaluateAsync<int[]>("text => minigpt.live.encode(text)", text);
            Assert.Equal(tokenizer.Encode(text), ids);
            Assert.Equal(text, await open.Page.EvaluateAsync<string>("ids => minigpt.live.decode(ids)", ids));
        }
        Round(model);
        await SameLogits(open, model, tokenizer, "the cat sat on the mat", "すもも");
        Assert.Empty(open.Complaints);
    }

    [Fact]
    public async Task A_page_that_cannot_run_its_model_says_why_and_carries_no_weights()
    {
        CharacterTokenizer letters = Characters;
        Decoder<float> large = new(Gpt2.Config(s_sizes.VocabularySize, 16, 4, 4, 256)), broken = new(ConfigOf("gpt2")), strange = new(ConfigOf("gpt2"));
        foreach (Decoder<float> model in (Decoder<float>[])[large, broken, strange])
            model.Initialize(seed: 1);
        broken.Parameters.All[0].Value.Span[3] = 1e20f;
        WordTokenizer words = WordTokenizer.FromText("to be or not to be");
        (Decoder<float> Model, ITokenizer Tokenizer, string Text, string Reason)[] cases =
        [
            (large, letters, "to be", "would take 4.6 MB inside the page, and a page carries at most 4.0 MB"), (broken, letters, "to be", "not finite numbers, or too large"),
            (strange, words, "to be", "cut in another way"),
        ];
        foreach ((Decoder<float> model, ITokenizer tokenizer, string text, string reason) in cases)
        {
            string file = Write(model, tokenizer, text, _folder);
            Assert.InRange(new FileInfo(file).Length, 1, MostPageBytes);
            await using OpenPage open = await browser.Open(file);
            Assert.Contains(reason, await open.Page.InnerTextAsync("#no-live"), StringComparison.Ordinal);
            Assert.Equal(0, await open.Page.Locator("#live").CountAsync());
            Assert.Empty(open.Complaints);
        }
    }

    /// <summary>Rounds matrices to Q8_0 and back.</summary>
    internal static void Round(Decoder<float> model)
    {
        foreach (Parameter<float> parameter in model.Parameters.All)
        {
            if (parameter.Shape.Rank < 2 || parameter.Role == ParameterRole.Positions || parameter.Shape[1] % Q8Block.Size != 0)
                continue;
            byte[] blocks = new byte[parameter.Shape.Count / Q8Block.Size * Q8Block.Bytes];
            Q8Block.Quantize(parameter.Value.Span, blocks);
            Q8Block.Dequantize(blocks, parameter.Value.Span);
        }
    }

    internal static TransformerConfig ConfigOf(string kind)
    {
        TransformerConfig config = kind switch
        {
            "gpt2" => Gpt2.Config(s_sizes),
            "llama" => Llama.Config(s_sizes with { KeyHeads = 2 }),
            "qwen3" => Qwen3.Config(s_sizes with { KeyHeads = 1, HeadSize = 24 }),
            "gemma" => Gemma.Config(s_sizes),
            "windowed" => Llama.Config(s_sizes) with { Attention = new() { Heads = 4, KeyHeads = 2, Window = 5 }, HeadBias = HeadBias.Trained },
            "odd width" => Gpt2.Config(s_sizes with { Width = 52 }),
            _ => Gpt2.Config(s_sizes) with
            {
                Norm = new() { Place = NormPlace.After },
                Positions = new() { Kind = PositionKind.Sinusoidal },
                NormsEmbedding = true,
                TransformsHead = true,
                FeedForward = new() { Activation = Activation.GeluErf },
            },
        };
        return config with { InitializerRange = 0.12 };
    }

    internal static string Write(Decoder<float> model, ITokenizer tokenizer, string text, TemporaryFolder folder)
    {
        string file = folder.File("live.html");
        SentenceExplanation explanation = SentenceExplanation.Of(new LoadedModel<float>("live", model, tokenizer, []), text);
        Page.Write(file, ExplainVerb.Scripts, Texts.Of(Language.English), explanation, PageJson.Default.SentenceExplanation);
        long weights = explanation.Live!.Weights?.Values.Sum(packed => (long)packed.Data.Length) ?? 0;
        Assert.InRange(weights, 0, 4_000_000);
        if (explanation.Live.Obstacle is null)
            Assert.Equal(explanation.Live.Bytes, weights);
        Assert.InRange(new FileInfo(file).Length, 1, MostPageBytes + weights);
        return file;
    }

    private static async Task SameLogits(OpenPage open, Decoder<float> model, ITokenizer tokenizer, params string[] texts)
    {
        foreach (string text in texts)
        {
            int[] ids = tokenizer.Encode(text);
            using DecoderTrace<float> trace = model.Trace(ids);
            float[] expected = trace.Logits.Span[^model.Config.VocabularySize..].ToArray();
            double[] shown = await open.Page.EvaluateAsync<double[]>("ids => minigpt.live.logits(ids)", ids);
            Assert.Equal(expected.Length, shown.Length);
            Assert.All(expected.Zip(shown), pair => Assert.Equal(pair.First, pair.Second, Allowed * expected.Max(Math.Abs)));
        }
    }
}
