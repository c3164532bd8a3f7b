using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using MiniGpt.Model.Generation;
using MiniGpt.Server;
using MiniGpt.Tests.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>Who is let in, and what nobody can do.</summary>
public sealed class AccessTests(ServedTinyModel server) : IClassFixture<ServedTinyModel>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_keys_only_the_page_and_the_health_are_open()
    {
        await using ModelServer locked = await ServedTinyModel.Start(new ServerOptions { ApiKeys = ["first-key", "second-key"] });
        using HttpClient client = new() { BaseAddress = locked.Address };
        foreach (string path in (string[])["/", "/health"])
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(path, Token)).StatusCode);
        foreach (string path in (string[])["/metrics", "/v1/models", "/v1/models/tiny", "/v1/completions", "/nowhere"])
        {
            using HttpResponseMessage refused = await client.GetAsync(path, Token);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.Single().Scheme);
            Assert.Equal("invalid_api_key", (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync(Token))!["error"]!["code"]!);
        }

        foreach ((string header, string value, HttpStatusCode expected) in (ReadOnlySpan<(string, string, HttpStatusCode)>)
            [("Authorization", "Bearer second-key", HttpStatusCode.OK), ("X-Api-Key", "first-key", HttpStatusCode.OK),
             ("Authorization", "Bearer first-ke", HttpStatusCode.Unauthorized), ("Authorization", "Basic first-key", HttpStatusCode.Unauthorized)])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
            request.Headers.TryAddWithoutValidation(header, value);
            Assert.Equal(expected, client.Send(request, Token).StatusCode);
        }
    }

    [Fact]
    public async Task Pages_of_other_origins_and_other_names_of_this_machine_are_not_let_in()
    {
        Assert.Equal(HttpStatusCode.Forbidden, await Status("Origin", "https://example.org"));
        Assert.Equal(HttpStatusCode.OK, await Status("Origin", server.Address.GetLeftPart(UriPartial.Authority)));
        Assert.Equal(HttpStatusCode.Forbidden, await Status("Host", "example.org"));
        Assert.Equal(HttpStatusCode.OK, await Status("Host", $"localhost:{server.Address.Port}"));

        async Task<HttpStatusCode> Status(string header, string value)
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/health");
            request.Headers.TryAddWithoutValidation(header, value);
            using HttpResponseMessage response = await server.Client.SendAsync(request, Token);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task An_origin_that_was_named_is_let_in_with_what_its_browser_asks_for()
    {
        await using ModelServer open = await ServedTinyModel.Start(new ServerOptions { Origins = ["https://example.org"], ApiKeys = ["key"] });
        using HttpClient client = new() { BaseAddress = open.Address };
        using HttpRequestMessage preflight = new(HttpMethod.Options, "/v1/completions") { Headers = { { "Origin", "https://example.org" }, { "Access-Control-Request-Method", "POST" } } };
        using HttpResponseMessage answer = await client.SendAsync(preflight, Token);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("https://example.org", answer.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Contains("authorization", answer.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);
        using HttpRequestMessage other = new(HttpMethod.Options, "/v1/completions") { Headers = { { "Origin", "https://example.com" } } };
        Assert.Equal(HttpStatusCode.Forbidden, (await client.SendAsync(other, Token)).StatusCode);
    }

    [Fact]
    public async Task Answers_say_nothing_of_the_server_and_errors_nothing_of_its_code()
    {
        foreach (string path in (string[])["/", "/health", "/v1/models", "/v1/models/..%2f..%2fetc%2fpasswd", "/%00", "/v1/completions"])
        {
            using HttpResponseMessage response = await server.Client.GetAsync(path, Token);
            Assert.DoesNotContain(response.Headers, header => header.Key is "Server" or "X-Powered-By");
            string body = await response.Content.ReadAsStringAsync(Token);
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
            Assert.DoesNotContain(AppContext.BaseDirectory, body, StringComparison.Ordinal);
            Assert.InRange((int)response.StatusCode, 200, 405);
        }
    }

    [Fact]
    public async Task Bodies_that_are_too_long_or_of_another_kind_and_other_methods_are_refused()
    {
        await using ModelServer small = await ServedTinyModel.Start(new ServerOptions { MostBodyBytes = 1000 });
        using HttpClient client = new() { BaseAddress = small.Address };
        using HttpResponseMessage large = await client.PostAsync("/v1/completions", ServedTinyModel.JsonContent($"{{\"prompt\":\"{new string('a', 1000)}\"}}"), Token);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using HttpResponseMessage text = await client.PostAsync("/v1/completions", new StringContent("{}", Encoding.UTF8, "text/plain"), Token);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, text.StatusCode);
        using HttpResponseMessage get = await client.GetAsync("/v1/completions", Token);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, get.StatusCode);
        Assert.Equal("POST", get.Content.Headers.Allow.Single());
        Assert.All((HttpResponseMessage[])[large, text, get], response => Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType));
    }

    [Fact]
    public async Task Beyond_the_queue_a_request_is_told_to_come_again_and_a_late_one_is_ended()
    {
        await using ModelServer single = await ServedTinyModel.Start(new ServerOptions
        {
            Generation = new() { Parallel = 1, MostQueued = 0 },
            MostTokens = int.MaxValue,
            MostTime = TimeSpan.FromSeconds(3),
        });
        using HttpClient client = new() { BaseAddress = single.Address };
        string endless = $$"""{"prompt":"A","max_tokens":{{int.MaxValue}}}""";
        Task<HttpResponseMessage> first = client.PostAsync("/v1/completions", ServedTinyModel.JsonContent(endless), Token);
        while (!(await client.GetStringAsync("/metrics", Token)).Contains("minigpt_texts_running 1\n", StringComparison.Ordinal))
            await Task.Delay(10, Token);
        using HttpResponseMessage second = await client.PostAsync("/v1/completions", ServedTinyModel.JsonContent("""{"prompt":"A","max_tokens":1}"""), Token);
        Assert.Equal(HttpStatusCode.TooManyRequests, second.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), second.Headers.RetryAfter!.Delta);
        Assert.Equal("queue_full", (string)JsonNode.Parse(await second.Content.ReadAsStringAsync(Token))!["error"]!["code"]!);
        Assert.Equal(HttpStatusCode.RequestTimeout, (await first).StatusCode);
    }

    [Fact]
    public async Task Whoever_sends_or_takes_nothing_is_cut_off()
    {
        await using ModelServer impatient = await ServedTinyModel.Start(new ServerOptions { Patience = TimeSpan.FromSeconds(1.5), MostTokens = int.MaxValue });
        // A body that never comes.
        Assert.Contains("408", await Answer(impatient, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"), StringComparison.Ordinal);
        // Headers that never end.
        Assert.Contains("408", await Answer(impatient, "POST /v1/completions HTTP/1.1\r\nHost: loc"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_model_is_loaded_the_health_says_so()
    {
        TaskCompletionSource<ServedModel> loading = new();
        await using ModelServer early = await ModelServer.StartAsync(new ServerOptions { Port = 0 }, loading.Task, Token);
        using HttpClient client = new() { BaseAddress = early.Address };
        using HttpResponseMessage before = await client.GetAsync("/health", Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, before.StatusCode);
        Assert.Equal("loading", (string)JsonNode.Parse(await before.Content.ReadAsStringAsync(Token))!["error"]!["code"]!);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", Token)).StatusCode);
        loading.SetResult(new ServedModel(new TextModel("tiny", TinyModels.Get("trained").ForReading(), TinyModels.Tokenizer)));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health", Token)).StatusCode);
    }

    [Fact]
    public async Task Stopping_waits_for_what_runs_as_long_as_it_may()
    {
        await using ModelServer stopping = await ServedTinyModel.Start(new ServerOptions { Drain = TimeSpan.FromSeconds(30) });
        using HttpClient client = new() { BaseAddress = stopping.Address };
        using HttpResponseMessage running = await client.SendAsync(
            new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = ServedTinyModel.JsonContent("""{"prompt":"A","max_tokens":400,"stream":true}""") },
            HttpCompletionOption.ResponseHeadersRead, Token);
        await stopping.StopAsync();
        Assert.EndsWith("data: [DONE]\n\n", await running.Content.ReadAsStringAsync(Token));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/health", Token));

        await using ModelServer hasty = await ServedTinyModel.Start(new ServerOptions { Drain = TimeSpan.FromSeconds(0.2), MostTokens = int.MaxValue });
        using HttpClient other = new() { BaseAddress = hasty.Address };
        Task<HttpResponseMessage> endless = other.PostAsync("/v1/completions", ServedTinyModel.JsonContent($$"""{"prompt":"A","max_tokens":{{int.MaxValue}}}"""), Token);
        await Task.Delay(100, Token);
        long start = Stopwatch.GetTimestamp();
        await hasty.StopAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 20);
        try
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await endless).StatusCode);
        }
        catch (HttpRequestException error)
        {
            Assert.NotEmpty(error.Message); // cut off before it could be told
        }
    }

    private static async Task<string> Answer(ModelServer of, string request)
    {
        using TcpClient client = new();
        await client.ConnectAsync(of.Address.Host, of.Address.Port, Token);
        await using NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), Token);
        using StreamReader reader = new(stream);
        return await reader.ReadToEndAsync(Token);
    }
}
