using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using MiniGpt.Model.Generation;
using MiniGpt.Tests.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>/v1/completions, asked over HTTP.</summary>
public sealed class CompletionTests(ServedTinyModel server) : IClassFixture<ServedTinyModel>
{
    private const string Path = "/v1/completions";

    [Fact]
    public async Task A_text_goes_on_as_sample_says_it_with_the_same_seed()
    {
        string expected = Sampled("First Citizen:", 60, new SamplingOptions { Temperature = 0.8, Seed = 7, TopK = 20 });
        JsonNode answer = await server.Post(Path, """{"model":"tiny","prompt":"First Citizen:","max_tokens":60,"temperature":0.8,"seed":7,"top_k":20}""");
        Assert.Equal("text_completion", (string)answer["object"]!);
        Assert.Equal(expected, (string)answer["choices"]![0]!["text"]!);
        Assert.Equal("length", (string)answer["choices"]![0]!["finish_reason"]!);
        Assert.Equal((14, 60, 74), ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["completion_tokens"]!, (int)answer["usage"]!["total_tokens"]!));
    }

    [Fact]
    public async Task In_pieces_the_text_is_the_same_and_the_last_piece_counts_tokens()
    {
        const string Request = """{"prompt":"First Citizen:","max_tokens":40,"seed":3,"temperature":1,"stream":true,"stream_options":{"include_usage":true}}""";
        JsonNode[] events = await server.Stream(Path, Request);
        JsonNode whole = await server.Post(Path, """{"prompt":"First Citizen:","max_tokens":40,"seed":3,"temperature":1}""");
        Assert.Equal((string)whole["choices"]![0]!["text"]!, string.Concat(events[..^1].Select(one => (string)one["choices"]![0]!["text"]!)));
        Assert.InRange(events.Length, 30, 42);
        Assert.All(events[..^1], one => Assert.True(one.AsObject().ContainsKey("usage") && one["usage"] is null));
        Assert.Empty(events[^1]["choices"]!.AsArray());
        Assert.Equal(54, (int)events[^1]["usage"]!["total_tokens"]!);
        Assert.Single(events.Select(one => (string)one["id"]!).Distinct());
        Assert.Equal("length", (string)events[^2]["choices"]![0]!["finish_reason"]!);
    }

    [Fact]
    public async Task Tokens_that_are_made_faster_than_anyone_reads_are_sent_together()
    {
        using HttpRequestMessage request = new(HttpMethod.Post, Path)
        {
            Content = new StringContent("""{"prompt":"First Citizen:","max_tokens":400,"seed":3,"temperature":1,"stream":true}""", null, "application/json"),
        };
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await using Stream body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        byte[] piece = new byte[1 << 16];
        int pieces = 0, bytes = 0;
        for (int read; (read = await body.ReadAsync(piece, TestContext.Current.CancellationToken)) > 0; bytes += read)
            pieces++;

        // A piece every two milliseconds; the transport cuts those of more than 4 KB.
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(bytes > 400 * 100, $"{bytes} bytes");
        Assert.InRange(pieces, 2, 4 + Stopwatch.GetElapsedTime(start).TotalMilliseconds / 2 + bytes / 2048.0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stop_text_ends_it_and_is_no_part_of_it_wherever_tokens_are_cut(bool streams)
    {
        string text = Sampled("First Citizen:", 60, new SamplingOptions { Temperature = 0 });
        string stop = text[20..24];
        string request = new JsonObject
        {
            ["prompt"] = "First Citizen:",
            ["max_tokens"] = 60,
            ["temperature"] = 0,
            ["stop"] = new JsonArray("@@@", stop),
            ["stream"] = streams,
            ["logprobs"] = 0,
        }.ToJsonString();
        JsonNode[] choices = streams
            ? [.. (await server.Stream(Path, request)).Select(one => one["choices"]![0]!)]
            : [(await server.Post(Path, request))["choices"]![0]!];
        string expected = text[..text.IndexOf(stop, StringComparison.Ordinal)];
        Assert.Equal(expected, string.Concat(choices.Select(choice => (string)choice["text"]!)));
        Assert.Equal("stop", (string)choices[^1]["finish_reason"]!);
        Assert.Equal(expected, string.Concat(choices.SelectMany(choice => choice["logprobs"]!["tokens"]!.AsArray()).Select(token => (string)token!)));
    }

    [Fact]
    public async Task Several_prompts_and_samples_are_answered_in_their_order()
    {
        JsonNode answer = await server.Post(Path, """{"prompt":["ROMEO:","JULIET:"],"n":3,"max_tokens":12,"seed":5,"temperature":1,"echo":true}""");
        JsonArray choices = answer["choices"]!.AsArray();
        Assert.Equal(6, choices.Count);
        for (int i = 0; i < 6; i++)
        {
            string prompt = i < 3 ? "ROMEO:" : "JULIET:";
            Assert.Equal(i, (int)choices[i]!["index"]!);
            Assert.Equal(prompt + Sampled(prompt, 12, new SamplingOptions { Temperature = 1, Seed = 5 }, sample: i % 3), (string)choices[i]!["text"]!);
        }

        JsonNode byIds = await server.Post(Path, $$"""{"prompt":[{{string.Join(',', TinyModels.Tokenizer.Encode("ROMEO:"))}}],"max_tokens":12,"seed":5}""");
        Assert.Equal(Sampled("ROMEO:", 12, new SamplingOptions { Temperature = 1, Seed = 5 }), (string)byIds["choices"]![0]!["text"]!);
    }

    [Fact]
    public async Task Probabilities_of_an_echoed_prompt_and_of_the_text_are_the_models_own()
    {
        JsonNode answer = await server.Post(Path, """{"prompt":"ROMEO:","max_tokens":4,"temperature":0,"logprobs":2,"echo":true}""");
        JsonNode logprobs = answer["choices"]![0]!["logprobs"]!;
        string text = (string)answer["choices"]![0]!["text"]!;
        Assert.Equal(text, string.Concat(logprobs["tokens"]!.AsArray().Select(token => (string)token!)));
        Assert.Equal(Enumerable.Range(0, 10), logprobs["text_offset"]!.AsArray().Select(offset => (int)offset!));
        Assert.Null(logprobs["token_logprobs"]![0]);
        Assert.Null(logprobs["top_logprobs"]![0]);
        int[] ids = TinyModels.Tokenizer.Encode(text);
        using IncrementalDecoder<float> model = new(TinyModels.Get("trained").ForReading());
        float[] logits = model.Logits(ids, 0, everywhere: true).Span.ToArray();
        for (int i = 1; i < ids.Length; i++)
        {
            double[] probabilities = Sampler.Probabilities<float>(logits.AsSpan((i - 1) * 65, 65), new SamplingOptions { Temperature = 1 });
            Assert.Equal(Math.Log(probabilities[ids[i]]), (double)logprobs["token_logprobs"]![i]!, 1e-6);
            Assert.Equal(2, logprobs["top_logprobs"]![i]!.AsObject().Count);
            Assert.Equal(Math.Log(probabilities.Max()), logprobs["top_logprobs"]![i]!.AsObject().Max(pair => (double)pair.Value!), 1e-6);
        }
    }

    [Fact]
    public async Task Penalties_and_biases_change_what_is_drawn()
    {
        int e = TinyModels.Tokenizer.Encode("e")[0];
        JsonNode only = await server.Post(Path, $$"""{"prompt":"ROMEO:","max_tokens":20,"temperature":0,"logit_bias":{"{{e}}":100} }""");
        Assert.Equal(new string('e', 20), (string)only["choices"]![0]!["text"]!);
        JsonNode never = await server.Post(Path, $$"""{"prompt":"ROMEO:","max_tokens":20,"temperature":0,"logit_bias":{"{{e}}":100},"frequency_penalty":2,"presence_penalty":2}""");
        Assert.Equal(new string('e', 20), (string)never["choices"]![0]!["text"]!); // 100 is more than 20 times 2 and 2
        JsonNode once = await server.Post(Path, $$"""{"prompt":"ROMEO:","max_tokens":20,"temperature":0,"logit_bias":{"{{e}}":12},"frequency_penalty":2}""");
        string text = (string)once["choices"]![0]!["text"]!;
        Assert.InRange(text.Count(c => c == 'e'), 3, 12);
        Assert.StartsWith("eee", text);
    }

    [Fact]
    public async Task No_tokens_are_an_answer_too()
    {
        JsonNode answer = await server.Post(Path, """{"prompt":"ROMEO:","max_tokens":0,"echo":true}""");
        Assert.Equal(("ROMEO:", "length"), ((string)answer["choices"]![0]!["text"]!, (string)answer["choices"]![0]!["finish_reason"]!));
        JsonNode scored = await server.Post(Path, """{"prompt":"ROMEO:","max_tokens":0,"echo":true,"logprobs":1}""");
        Assert.Equal(6, scored["choices"]![0]!["logprobs"]!["tokens"]!.AsArray().Count);
        JsonNode empty = await server.Post(Path, """{"max_tokens":5}""");
        Assert.Equal(5, ((string)empty["choices"]![0]!["text"]!).Length);
    }

    [Theory]
    [InlineData("""{"prompt":"x","max_tokens":-1}""", "max_tokens")]
    [InlineData("""{"prompt":"x","max_tokens":1.5}""", "max_tokens")]
    [InlineData("""{"prompt":"x","max_tokens":5000}""", "max_tokens")]
    [InlineData("""{"prompt":"x","temperature":"hot"}""", "temperature")]
    [InlineData("""{"prompt":"x","temperature":2.1}""", "temperature")]
    [InlineData("""{"prompt":"x","top_p":1.1}""", "top_p")]
    [InlineData("""{"prompt":"x","n":0}""", "n")]
    [InlineData("""{"prompt":"x","stop":["a","b","c","d","e"]}""", "stop")]
    [InlineData("""{"prompt":"x","stop":""}""", "stop")]
    [InlineData("""{"prompt":"x","logit_bias":{"65":1}}""", "logit_bias")]
    [InlineData("""{"prompt":"x","logit_bias":{"1":101}}""", "logit_bias")]
    [InlineData("""{"prompt":"x","logprobs":21}""", "logprobs")]
    [InlineData("""{"prompt":"x","stream":1}""", "stream")]
    [InlineData("""{"prompt":"x","stream_options":{"include_usage":true}}""", "stream_options")]
    [InlineData("""{"prompt":"x","response_format":{"type":"json_schema"}}""", "response_format")]
    [InlineData("""{"prompt":"x","tempratur":1}""", "tempratur")]
    [InlineData("""{"prompt":"x","suffix":"y"}""", "suffix")]
    [InlineData("""{"prompt":"x","best_of":2}""", "best_of")]
    [InlineData("""{"prompt":[1,65]}""", "prompt")]
    [InlineData("""{"prompt":[]}""", "prompt")]
    [InlineData("""{"prompt":{}}""", "prompt")]
    [InlineData("""{"prompt":"\ud800"}""", "prompt")]
    public async Task A_wrong_value_is_refused_by_name_before_anything_is_written(string request, string field)
    {
        JsonNode answer = await server.Post(Path, request, HttpStatusCode.BadRequest);
        Assert.Equal(field, (string)answer["error"]!["param"]!);
        Assert.Equal("invalid_request_error", (string)answer["error"]!["type"]!);
        Assert.Contains(field, (string)answer["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "invalid_json")]
    [InlineData("[]", "invalid_value")]
    [InlineData("""{"prompt":"x","prompt":"y"}""", "invalid_json")]
    [InlineData("""{"prompt":"日本"}""", "invalid_text")]
    public async Task What_is_no_request_is_refused_in_words(string request, string code)
    {
        JsonNode answer = await server.Post(Path, request, HttpStatusCode.BadRequest);
        Assert.Equal(code, (string)answer["error"]!["code"]!);
        Assert.NotEmpty((string)answer["error"]!["message"]!);
    }

    [Fact]
    public async Task Too_long_a_prompt_and_another_model_are_refused_as_OpenAI_does()
    {
        JsonNode answer = await server.Post(Path, $$"""{"prompt":"{{new string('a', 33)}}"}""", HttpStatusCode.BadRequest);
        Assert.Equal("context_length_exceeded", (string)answer["error"]!["code"]!);
        Assert.Contains("33 tokens", (string)answer["error"]!["message"]!, StringComparison.Ordinal);
        answer = await server.Post(Path, """{"model":"gpt-4o","prompt":"x"}""", HttpStatusCode.NotFound);
        Assert.Equal("model_not_found", (string)answer["error"]!["code"]!);
    }

    private static string Sampled(string prompt, int tokens, SamplingOptions options, int sample = 0)
    {
        Generator<float> generator = new(TinyModels.Get("trained").ForReading(), TinyModels.Tokenizer);
        return TinyModels.Tokenizer.Decode([.. generator.Generate(TinyModels.Tokenizer.Encode(prompt), options, sample).Take(tokens)]);
    }
}
