using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using MiniGpt.Model.Architectures;
using MiniGpt.Server;
using MiniGpt.Tests.Model.Generation;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>What the service says of a head's attention, and how its page draws that.</summary>
public sealed class AttentionTests(Browser browser, ServedTinyModel server) : IClassFixture<Browser>, IClassFixture<ServedTinyModel>
{
    private const string Text = "First Citizen";

    [Fact]
    public async Task It_is_that_of_the_model_traced_by_itself()
    {
        Decoder<float> model = TinyModels.Get("trained");
        int[] ids = TinyModels.Tokenizer.Encode(Text);
        using DecoderTrace<float> trace = model.Trace(ids);
        for (int layer = 1; layer <= model.Config.Layers; layer++)
        {
            for (int head = 1; head <= model.Config.Attention.Heads; head++)
            {
                JsonNode answer = await server.Post("/attention", $$"""{"content":"{{Text}}","layer":{{layer}},"head":{{head}},"position":7}""");
                float[] weights = [.. answer["weights"]!.AsArray().Select(weight => (float)weight!)];
                Assert.Equal(ids.Length, weights.Length);
                for (int key = 0; key < weights.Length; key++)
                    Assert.Equal(trace.Blocks[layer - 1].Weights[head - 1, 6, key], weights[key], 1e-5f);
                Assert.Equal(1, weights[..7].Sum(), 1e-4);
                Assert.All(weights[7..], weight => Assert.Equal(0, weight)); // it sees backward alone
            }
        }

        JsonNode last = await server.Post("/attention", $$"""{"content":[{{string.Join(',', ids)}}]}""");
        Assert.Equal((1, 1, ids.Length), ((int)last["layer"]!, (int)last["head"]!, (int)last["position"]!));
        Assert.Equal(Text, string.Concat(last["tokens"]!.AsArray().Select(token => (string)token!)));
    }

    [Theory]
    [InlineData("""{"content":"To be","layer":99}""", "layer")]
    [InlineData("""{"content":"To be","head":0}""", "head")]
    [InlineData("""{"content":"To be","position":6}""", "position")]
    [InlineData("""{"content":["To be","or not"]}""", "content")]
    [InlineData("""{}""", "content")]
    public async Task What_there_is_not_is_refused(string json, string parameter)
    {
        JsonNode error = (await server.Post("/attention", json, HttpStatusCode.BadRequest))["error"]!;
        Assert.Equal(parameter, (string)error["param"]!);
    }

    [Fact]
    public async Task A_text_whose_weights_would_fill_the_memory_is_refused_before_they_are_computed()
    {
        Decoder<float> model = new(Gpt2.Config(TinyModels.Tokenizer.VocabularySize, 4096, 1, 8, 8));
        model.Initialize(1);
        await using ModelServer server4096 = await ServedTinyModel.Start(new ServerOptions(), model.ForReading(), TinyModels.Tokenizer);
        using HttpClient client = new() { BaseAddress = server4096.Address };
        string json = $$"""{"content":[{{string.Join(',', Enumerable.Repeat(1, 2049))}}]}""";
        using HttpResponseMessage response = await client.PostAsync(
            "/attention", new StringContent(json, System.Text.Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("2049 tokens, at most 2048", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal); // 8 heads times 2048 squared
    }

    [Fact]
    public async Task The_page_colours_the_tokens_that_the_framed_one_takes_from()
    {
        await using OpenPage open = await browser.Open(server.Address);
        IPage page = open.Page;
        await page.Locator("#model", new PageLocatorOptions { HasTextString = "tiny" }).WaitForAsync();
        await page.FillAsync("#prompt", Text);
        await page.FillAsync("#max_tokens", "5");
        await page.ClickAsync("#write");
        await page.Locator(".token").Nth(4).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        await page.Locator("#stop:disabled").WaitForAsync();
        Assert.Equal(5, await page.Locator(".token").CountAsync());
        await page.ClickAsync("#attention summary");
        await page.SelectOptionAsync("#head", "2");
        await page.Locator("#looked button").Nth(9).ClickAsync();
        await page.Locator("#looked button:nth-child(10)[aria-current=true]").WaitForAsync();
        string written = (await page.Locator("#looked").TextContentAsync())!;
        Assert.Equal(await page.Locator("#text").TextContentAsync(), written);
        double[] drawn = await page.EvaluateAsync<double[]>("[...document.querySelectorAll('#looked button')].map(node => Number(node.dataset.weight))");
        JsonObject asked = new() { ["content"] = written, ["layer"] = 1, ["head"] = 2, ["position"] = 10 };
        double[] expected = [.. (await server.Post("/attention", asked.ToJsonString()))["weights"]!.AsArray().Select(weight => (double)weight!)];
        Assert.Equal(expected, drawn);
        await page.ClickAsync("#language");
        Assert.Equal("どこを見ているか", await page.InnerTextAsync("#attention summary"));
        Assert.Empty(open.Complaints);
    }
}
