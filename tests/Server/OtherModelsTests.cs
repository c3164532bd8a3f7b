using System.Net;
using System.Text.Json.Nodes;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Server;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>Models that do not go on with a text, each at its own endpoint.</summary>
public class OtherModelsTests
{
    private static readonly CharacterTokenizer s_tokenizer = CharacterTokenizer.FromText("abcdefghijklmnopqrstuvwxyz ");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_encoder_gives_vectors_and_says_that_it_does_not_write()
    {
        Encoder<float> model = new(Bert.Config(new ModelSizes(s_tokenizer.VocabularySize, Context: 16, Layers: 2, Heads: 2, Width: 16)));
        model.Initialize(1);
        await using ModelServer server = await ServedTinyModel.Start(new ServerOptions(), model.ForReading(), s_tokenizer);
        using HttpClient client = new() { BaseAddress = server.Address };
        JsonNode answer = await Post(client, "/v1/embeddings", """{"input":["a dog","a cat"]}""", HttpStatusCode.OK);
        using SentenceReader reader = new(model, s_tokenizer);
        float[] expected = reader.Embed("a cat", Pooling.Mean);
        float length = MathF.Sqrt(expected.Sum(x => x * x));
        Assert.All(expected.Zip(answer["data"]![1]!["embedding"]!.AsArray()), pair => Assert.Equal(pair.First / length, (float)pair.Second!, 1e-5f));
        JsonNode refused = await Post(client, "/v1/completions", """{"prompt":"a"}""", HttpStatusCode.BadRequest);
        Assert.Contains("/v1/embeddings is for it", (string)refused["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal("context_length_exceeded",
            (string)(await Post(client, "/v1/embeddings", """{"input":"aaaaaaaaaaaaaaaaa"}""", HttpStatusCode.BadRequest))["error"]!["code"]!);
        Assert.Contains("minigpt_uptime_seconds", await client.GetStringAsync("/metrics", Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_translator_translates_and_says_that_it_does_nothing_else()
    {
        TransformerConfig marian = Marian.Config(new ModelSizes(s_tokenizer.VocabularySize, Context: 16, Layers: 2, Heads: 2, Width: 16));
        Translator<float> model = new(marian with { EndOfTextId = 0, PaddingId = 1, BeginOfTextId = 2 });
        model.Initialize(1);
        await using ModelServer server = await ServedTinyModel.Start(new ServerOptions(), model.ForReading(), s_tokenizer);
        using HttpClient client = new() { BaseAddress = server.Address };
        JsonNode answer = await Post(client, "/v1/translate", """{"text":["a dog","a cat"],"beams":2,"max_tokens":6}""", HttpStatusCode.OK);
        using SentenceTranslator translator = new(model.ForReading(), s_tokenizer);
        IReadOnlyList<Translation>[] expected = translator.Translate(["a dog", "a cat"], new SearchOptions { Beams = 2, MostTokens = 6 }, Token);
        Assert.Equal(expected.Select(found => found[0].Text), answer["translations"]!.AsArray().Select(one => (string)one!["text"]!));
        Assert.Contains("no language 'fr'",
            (string)(await Post(client, "/v1/translate", """{"text":"a","to":"fr"}""", HttpStatusCode.BadRequest))["error"]!["message"]!, StringComparison.Ordinal);
        foreach ((string path, string body) in ((string, string)[])
            [("/v1/chat/completions", """{"messages":[{"role":"user","content":"a"}]}"""), ("/v1/embeddings", """{"input":"a"}""")])
        {
            JsonNode refused = await Post(client, path, body, HttpStatusCode.BadRequest);
            Assert.Equal("unsupported_by_model", (string)refused["error"]!["code"]!);
        }
    }

    [Fact]
    public async Task A_translator_with_a_vocabulary_for_each_language_reads_with_one_and_writes_with_the_other()
    {
        CharacterTokenizer source = CharacterTokenizer.FromText("zyxwvutsrqponmlkjihgfedcba 犬");
        TransformerConfig marian = Marian.Config(new ModelSizes(s_tokenizer.VocabularySize, Context: 16, Layers: 2, Heads: 2, Width: 16));
        Translator<float> model = new(marian with { EndOfTextId = 0, PaddingId = 1, BeginOfTextId = 2, Source = new() { VocabularySize = source.VocabularySize } });
        model.Initialize(1);
        await using ModelServer server = await ServedTinyModel.Start(new ServerOptions(), model.ForReading(), s_tokenizer, source);
        using HttpClient client = new() { BaseAddress = server.Address };
        JsonNode answer = await Post(client, "/v1/translate", """{"text":"a 犬","max_tokens":6}""", HttpStatusCode.OK);
        using TranslationSearch<float> search = new(model);
        int[] ids = search.Translate([source.Encode("a 犬")], new SearchOptions { MostTokens = 6 }, Token)[0][0].Ids;
        Assert.Equal(s_tokenizer.Decode(ids), (string)answer["translations"]![0]!["text"]!);
    }

    [Fact]
    public async Task Ids_and_their_texts_go_both_ways_and_metrics_count_them()
    {
        Decoder<float> model = new(Gpt2.Config(s_tokenizer.VocabularySize, 16, 1, 1, 8));
        model.Initialize(1);
        await using ModelServer server = await ServedTinyModel.Start(new ServerOptions(), model.ForReading(), s_tokenizer);
        using HttpClient client = new() { BaseAddress = server.Address };
        JsonNode tokens = await Post(client, "/tokenize", """{"content":"a dog"}""", HttpStatusCode.OK);
        Assert.Equal(s_tokenizer.Encode("a dog"), tokens["tokens"]!.AsArray().Select(id => (int)id!));
        Assert.Equal("a dog", (string)(await Post(client, "/detokenize", tokens.ToJsonString(), HttpStatusCode.OK))["content"]!);
        JsonNode pieces = await Post(client, "/tokenize", """{"content":"a dog","with_pieces":true}""", HttpStatusCode.OK);
        Assert.Equal("a dog", string.Concat(pieces["tokens"]!.AsArray().Select(token => (string)token!["piece"]!)));
        await Post(client, "/detokenize", """{"tokens":[99]}""", HttpStatusCode.BadRequest);

        await Post(client, "/v1/completions", """{"prompt":"abcd","max_tokens":7}""", HttpStatusCode.OK);
        string metrics = await client.GetStringAsync("/metrics", Token);
        Assert.Contains("minigpt_tokens_generated_total 7\n", metrics, StringComparison.Ordinal);
        Assert.Contains("minigpt_tokens_read_total 10\n", metrics, StringComparison.Ordinal); // the last one that is made is not read
        Assert.Contains("minigpt_http_requests_total{path=\"/tokenize\",status=\"200\"} 2\n", metrics, StringComparison.Ordinal);
        Assert.Contains("minigpt_http_requests_total{path=\"/detokenize\",status=\"400\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.All(metrics.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^(# (HELP|TYPE) minigpt_\\w+ .+|minigpt_\\w+(\\{[^}]*\\})? [0-9.E+-]+)$", line));
    }

    [Fact]
    public async Task An_object_of_JSON_is_all_that_is_written()
    {
        CharacterTokenizer letters = CharacterTokenizer.FromText(string.Concat(Enumerable.Range(' ', 95).Select(c => (char)c)) + "\né日");
        Decoder<float> model = new(Gpt2.Config(letters.VocabularySize, 64, 1, 1, 8));
        model.Initialize(1);
        await using ModelServer server = await ServedTinyModel.Start(new ServerOptions(), model.ForReading(), letters);
        using HttpClient client = new() { BaseAddress = server.Address };
        int complete = 0;
        for (int seed = 0; seed < 40; seed++)
        {
            // Quotes and braces are made likely, so that objects end.
            string biases = string.Join(',', "\"}]:".Select(c => $"\"{letters.Encode([c])[0]}\":3"));
            JsonNode answer = await Post(client, "/v1/completions",
                $$"""{"prompt":"x","max_tokens":200,"seed":{{seed}},"response_format":{"type":"json_object"},"logit_bias":{ {{biases}} } }""", HttpStatusCode.OK);
            if ((string)answer["choices"]![0]!["finish_reason"]! != "stop")
                continue;
            complete++;
            Assert.NotNull(JsonNode.Parse((string)answer["choices"]![0]!["text"]!)!.AsObject());
        }

        Assert.InRange(complete, 20, 40);
    }

    private static async Task<JsonNode> Post(HttpClient client, string path, string json, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await client.PostAsync(path, ServedTinyModel.JsonContent(json), Token);
        string body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.StatusCode == expected, body);
        return JsonNode.Parse(body)!;
    }
}
