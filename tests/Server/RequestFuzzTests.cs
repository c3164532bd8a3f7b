using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using MiniGpt.Server;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>Whatever is sent, the answer is an answer or says what was wrong with it.</summary>
public sealed class RequestFuzzTests
{
    private const int Requests = 4000; // MINIGPT_FUZZ_REQUESTS asks for another number

    private static readonly (string Path, string Body)[] s_seeds =
    [
        ("/v1/completions", """{"model":"tiny","prompt":"To be","max_tokens":3,"temperature":0.8,"top_p":0.9,"top_k":5,"min_p":0.1,"seed":1,"stop":["x","yz"],"n":2}"""),
        ("/v1/completions", """{"prompt":["a",[1,2,3]],"max_tokens":2,"logprobs":2,"echo":true,"logit_bias":{"5":-3.5},"presence_penalty":1,"frequency_penalty":-1}"""),
        ("/v1/completions", """{"prompt":[1,2,3],"max_tokens":2,"stream":true,"stream_options":{"include_usage":true},"repetition_penalty":1.1,"ignore_eos":true}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"system","content":"B"},{"role":"user","content":"Hi"}],"max_tokens":2,"logprobs":true,"top_logprobs":2}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}],"max_completion_tokens":2,"stream":true,"response_format":{"type":"text"},"tools":[]}"""),
        ("/v1/embeddings", """{"input":["a","b c"],"encoding_format":"base64","dimensions":64}"""),
        ("/attention", """{"content":"To be","layer":1,"head":1,"position":2}"""),
        ("/tokenize", """{"content":"To be","add_special":true,"with_pieces":true}"""),
        ("/detokenize", """{"tokens":[1,2,3]}"""),
        ("/v1/translate", """{"text":["a"],"to":"fr","beams":2,"length_penalty":1,"max_tokens":4}"""),
    ];

    private static readonly string[] s_values =
    [
        "null", "true", "false", "0", "-1", "1e400", "1e308", "-1e-308", "99999999999999999999", "0.5", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[1]", "[-1]", "[1e9]", "{\"type\":\"text\"}",
        "\"\\ud800\"", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"日本\"", "[null]", "{\"a\":{\"a\":{}}}", "\"" + new string('a', 300) + "\"", "[\"a\",1,null]", "2147483648", "-9223372036854775809",
    ];

    [Fact]
    public async Task Mutated_requests_are_answered_or_refused_and_never_break_anything()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("MINIGPT_FUZZ_REQUESTS"), out int asked) ? asked : Requests;
        await using ModelServer server = await ServedTinyModel.Start(new ServerOptions { MostTokens = 8, MostBodyBytes = 20_000 });
        using HttpClient client = new() { BaseAddress = server.Address, Timeout = TimeSpan.FromSeconds(60) };
        Dictionary<int, int> statuses = [];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken }, async (i, token) =>
        {
            (string path, byte[] body, string kind) = Mutate(new Random(i));
            using ByteArrayContent content = new(body) { Headers = { ContentType = MediaTypeHeaderValue.Parse(kind) } };
            using HttpResponseMessage response = await client.PostAsync(path, content, token);
            string text = await response.Content.ReadAsStringAsync(token);
            int status = (int)response.StatusCode;
            lock (statuses)
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
            string what = $"request {i}: {status} {text} for {path} {Encoding.UTF8.GetString(body)}";
            Assert.True(status is 200 or (>= 400 and < 500), what);
            if (status == 200)
                Assert.False(text.Contains("\"error\"", StringComparison.Ordinal), what);
            else
                Assert.True(JsonNode.Parse(text)!["error"]!["message"]!.GetValue<string>().Length > 0, what);
        });

        Assert.Equal(count, statuses.Values.Sum());
        Assert.InRange(statuses[200], count / 50, count); // not all of them are refused at the door
        Assert.InRange(statuses[400], count / 10, count);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health", TestContext.Current.CancellationToken)).StatusCode);
    }

    private static (string Path, byte[] Body, string Kind) Mutate(Random random)
    {
        (string path, string json) = s_seeds[random.Next(s_seeds.Length)];
        string kind = random.Next(50) == 0 ? "text/plain" : "application/json";
        switch (random.Next(4))
        {
            case 0: // a value, or a field, is another one
            case 1:
                JsonObject fields = JsonNode.Parse(json)!.AsObject();
                for (int change = random.Next(3); change >= 0; change--)
                {
                    string[] names = [.. fields.Select(field => field.Key)];
                    if (names.Length == 0)
                        break;
                    string name = names[random.Next(names.Length)];
                    if (random.Next(4) == 0)
                        fields.Remove(name);
                    else
                        fields[random.Next(8) == 0 ? name + "_" : name] = Raw(s_values[random.Next(s_values.Length)]);
                }

                return (path, Encoding.UTF8.GetBytes(Filled(fields.ToJsonString())), kind);
            case 2: // bytes are others
                byte[] bytes = Encoding.UTF8.GetBytes(json);
                for (int change = random.Next(4); change >= 0; change--)
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                return (path, bytes, kind);
            default: // cut, doubled, or at another door
                string part = json[..random.Next(json.Length + 1)];
                return (s_seeds[random.Next(s_seeds.Length)].Path, Encoding.UTF8.GetBytes(random.Next(2) == 0 ? part : json + part), kind);
        }
    }

    // Values that a parser of ours would not take stand in a text until the whole is written.
    private static JsonValue Raw(string value) => JsonValue.Create($"§{Array.IndexOf(s_values, value)}§");

    private static string Filled(string json)
    {
        for (int i = 0; i < s_values.Length; i++)
            json = json.Replace($"\"\\u00A7{i}\\u00A7\"", s_values[i], StringComparison.Ordinal);
        return json;
    }
}
