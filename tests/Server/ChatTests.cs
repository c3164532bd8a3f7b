using System.Net;
using System.Text.Json.Nodes;
using MiniGpt.Model.Generation;
using MiniGpt.Tests.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>/v1/chat/completions, asked over HTTP.</summary>
public sealed class ChatTests(ServedTinyModel server) : IClassFixture<ServedTinyModel>
{
    private const string Path = "/v1/chat/completions";
    private const string Hello = "\"messages\":[{\"role\":\"user\",\"content\":\"Who is it?\"}]";

    [Fact]
    public async Task A_conversation_goes_on_from_its_template()
    {
        JsonNode answer = await server.Post(Path, $$"""{"model":"tiny",{{Hello}},"max_tokens":30,"temperature":0}""");
        int[] prompt = TinyModels.Tokenizer.Encode("User: Who is it?\nAssistant:");
        Generator<float> generator = new(TinyModels.Get("trained").ForReading(), TinyModels.Tokenizer);
        string expected = TinyModels.Tokenizer.Decode([.. generator.Generate(prompt, new SamplingOptions { Temperature = 0 }).Take(30)]).TrimStart();
        JsonNode choice = answer["choices"]![0]!;
        Assert.Equal(("assistant", expected, "length"), ((string)choice["message"]!["role"]!, (string)choice["message"]!["content"]!, (string)choice["finish_reason"]!));
        Assert.Equal((prompt.Length, 30), ((int)answer["usage"]!["prompt_tokens"]!, (int)answer["usage"]!["completion_tokens"]!));
    }

    [Fact]
    public async Task In_pieces_the_first_says_who_speaks_and_the_last_why_it_ends()
    {
        string rest = $$"""{{Hello}},"max_tokens":25,"seed":11,"n":2""";
        JsonNode whole = await server.Post(Path, $$"""{ {{rest}} }""");
        JsonNode[] events = await server.Stream(Path, $$"""{ {{rest}},"stream":true}""");
        for (int i = 0; i < 2; i++)
        {
            JsonNode[] own = [.. events.Select(one => one["choices"]![0]!).Where(choice => (int)choice["index"]! == i)];
            Assert.Equal("assistant", (string)own[0]["delta"]!["role"]!);
            Assert.Equal((string)whole["choices"]![i]!["message"]!["content"]!, string.Concat(own.Select(choice => (string?)choice["delta"]!["content"])));
            Assert.All(own[..^1], choice => Assert.Null(choice["finish_reason"]));
            Assert.Equal("length", (string)own[^1]["finish_reason"]!);
            Assert.Empty(own[^1]["delta"]!.AsObject());
        }
    }

    [Fact]
    public async Task Probabilities_come_with_their_bytes_and_the_likeliest_others()
    {
        JsonNode answer = await server.Post(Path, $$"""{ {{Hello}},"max_tokens":5,"temperature":0,"logprobs":true,"top_logprobs":3}""");
        JsonArray content = answer["choices"]![0]!["logprobs"]!["content"]!.AsArray();
        Assert.Equal(5, content.Count);
        foreach (JsonNode? token in content)
        {
            Assert.Equal(3, token!["top_logprobs"]!.AsArray().Count);
            Assert.Equal((string)token["token"]!, (string)token["top_logprobs"]![0]!["token"]!); // greedy
            Assert.Equal((double)token["logprob"]!, (double)token["top_logprobs"]![0]!["logprob"]!, 1e-9);
            Assert.Equal((string)token["token"]!, System.Text.Encoding.UTF8.GetString([.. token["bytes"]!.AsArray().Select(value => (byte)value!)]));
        }
    }

    [Theory]
    [InlineData("{}", "messages")]
    [InlineData("""{"messages":[]}""", "messages")]
    [InlineData("""{"messages":[{"role":"king","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"messages":[{"role":"user"}]}""", "messages[0].content")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"http://a"}}]}]}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]}""", "tools")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"top_logprobs":2}""", "top_logprobs")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}}""", "response_format")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}""", null)] // Shakespeare has no braces
    [InlineData("""{"messages":[{"role":"user","content":"x"}],"stream_options":3}""", null)]
    public async Task What_is_wrong_or_not_offered_is_refused_by_name(string request, string? field)
    {
        JsonNode answer = await server.Post(Path, request, HttpStatusCode.BadRequest);
        Assert.Equal(field, (string?)answer["error"]!["param"]);
        Assert.NotEmpty((string)answer["error"]!["message"]!);
    }

    [Fact]
    public async Task Parts_of_text_and_fields_that_ask_for_nothing_are_taken()
    {
        JsonNode answer = await server.Post(Path, """
            {"messages":[{"role":"developer","content":"B"},{"role":"user","content":[{"type":"text","text":"Hi"}],"name":"me"}],
             "max_completion_tokens":3,"user":"u","tools":[],"tool_choice":"none","response_format":{"type":"text"},"stream":false,"stop":null,"logit_bias":null}
            """);
        Assert.Equal(3, (int)answer["usage"]!["completion_tokens"]!);
        Assert.Equal("B\nUser: Hi\nAssistant:".Length, (int)answer["usage"]!["prompt_tokens"]!);
    }
}
