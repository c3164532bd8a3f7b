using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using MiniGpt.Model.Formats;
using MiniGpt.Tests.Cli;
using MiniGpt.Tests.Model.Generation;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>The real program: minigpt serve.</summary>
public sealed class ServeVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ServeVerbTests() => ModelFolder.Save(Path.Combine(_folder.Root, "tiny"), TinyModels.Get("trained"), TinyModels.Tokenizer);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_serves_and_ends_what_runs_after_a_signal()
    {
        File.WriteAllText(Path.Combine(_folder.Root, "keys"), "one\n\ntwo\n");
        (Process process, Uri address) = await Start("--api-key-file", "keys");
        using (process)
        {
            using HttpClient client = new() { BaseAddress = address };
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models", Token)).StatusCode);
            client.DefaultRequestHeaders.Authorization = new("Bearer", "two");
            Assert.Equal("tiny", (string)JsonNode.Parse(await client.GetStringAsync("/v1/models", Token))!["data"]![0]!["id"]!);
            using HttpResponseMessage running = await client.SendAsync(
                new HttpRequestMessage(HttpMethod.Post, "/v1/completions") { Content = ServedTinyModel.JsonContent("""{"prompt":"A","max_tokens":500,"stream":true}""") },
                HttpCompletionOption.ResponseHeadersRead, Token);
            using Process signal = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            string answer = await running.Content.ReadAsStringAsync(Token);
            Assert.EndsWith("data: [DONE]\n\n", answer);
            await process.WaitForExitAsync(Token);
            Assert.Equal(0, process.ExitCode);
        }
    }

    [Theory]
    [InlineData("openai", "openai.mjs", "models, completion, stream, chat, chat stream, stop, logprobs, errors, embeddings, cancellation: ok\n")]
    [InlineData("@ai-sdk/openai-compatible", "ai-sdk.mjs", "text, stream, completion, errors, embeddings: ok\n")]
    public async Task Clients_from_npm_understand_every_answer(string package, string script, string expected)
    {
        string? modules = NodeModules.With(package);
        Assert.SkipWhen(modules is null, $"there is no node with npm's {package}; MINIGPT_NODE_MODULES says where its modules are, .ci/run installs them");
        (Process process, Uri address) = await Start();
        using (process)
        {
            ProcessStartInfo start = new("node", [Path.Combine(AppContext.BaseDirectory, "fixtures", "serve", script), modules, $"{address}v1"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process node = Process.Start(start)!;
            Task<string> said = node.StandardOutput.ReadToEndAsync(Token), wrong = node.StandardError.ReadToEndAsync(Token);
            await node.WaitForExitAsync(Token);
            process.Kill();
            Assert.True(node.ExitCode == 0, await wrong);
            Assert.Equal(expected, await said);
        }
    }

    [Theory]
    [InlineData("--host", "no such host", "--host: 'no such host' found")]
    [InlineData("--api-key", "", "--api-key: an empty key found")]
    public void Wrong_usage_is_refused_in_a_line(string option, string value, string message) =>
        Assert.Contains(message, Minigpt.Refusal(_folder.Root, 2, message, "serve", "--model", "tiny", option, value), StringComparison.Ordinal);

    [Fact]
    public async Task A_port_that_is_taken_and_a_model_that_is_none_are_refused_in_a_line()
    {
        using System.Net.Sockets.TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        string port = $"{((IPEndPoint)taken.LocalEndpoint).Port}";
        Outcome outcome = await Task.Run(() => Minigpt.Run(_folder.Root, "serve", "--model", "tiny", "--port", port), Token);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(port, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("no such file or folder", Minigpt.Refusal(_folder.Root, 1, "nothing", "serve", "--model", "nothing", "--port", "0"), StringComparison.Ordinal);
    }

    private async Task<(Process Process, Uri Address)> Start(params string[] options)
    {
        Process process = Minigpt.Start(_folder.Root, ["serve", "--model", "tiny", "--port", "0", .. options]);
        while (await process.StandardError.ReadLineAsync(Token) is { } line)
        {
            if (line.StartsWith("http", StringComparison.Ordinal))
            {
                Assert.Contains("serves the model tiny, which writes 16 texts at once", line, StringComparison.Ordinal);
                return (process, new Uri(line.Split(' ')[0]));
            }
        }

        throw new InvalidOperationException("the program ended before it served");
    }
}
