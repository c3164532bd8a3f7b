using System.Diagnostics;
using System.Net;
using MiniGpt.Cli.Verbs;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Formats;
using MiniGpt.Server;
using MiniGpt.Tests.Cli;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Server;

/// <summary>minigpt explain --serve: the page of any text, by the engine.</summary>
public sealed class ExplainServiceTests(Browser browser) : IClassFixture<Browser>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_text_that_is_typed_is_shown_with_everything_that_the_engine_makes()
    {
        string model = ExampleModel.Large(_folder); // whose weights no page carries
        await using PageServer server = await Serve(model, "To be");
        await using OpenPage open = await browser.Open(server.Address, width: 390);
        Assert.Equal("To be", await open.Page.InnerTextAsync("#sentence"));
        Assert.Contains("The form at the top of this page shows any text", await open.Page.InnerTextAsync("#no-live"), StringComparison.Ordinal);
        await Type("Or not?");
        Assert.Equal("Or not?", await open.Page.InnerTextAsync("#sentence"));
        Assert.Equal("Or not?", await open.Page.InputValueAsync("#another-text"));
        Assert.Equal(2, await open.Page.Locator("#section-reasons, #section-without").CountAsync());
        await open.Draw("reasons");
        LoadedModel<float> loaded = ModelFolder.Load<float>(model);
        SentenceExplanation expected = SentenceExplanation.Of(loaded, "Or not?");
        Assert.Equal(expected.Predictions.Places[^1].Likeliest.Select(candidate => candidate.Id),
            await open.Page.EvaluateAsync<int[]>("it.predictions.places.at(-1).likeliest.map(candidate => candidate.id)"));

        await Type("Or 犬?", complains: true);
        Assert.Contains("犬", await open.Page.InnerTextAsync("#text-problem"), StringComparison.Ordinal);
        Assert.Equal("To be", await open.Page.InnerTextAsync("#sentence"));
        Assert.Equal("Or 犬?", await open.Page.InputValueAsync("#another-text"));
        Assert.InRange(await open.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 1, 390);
        Assert.Empty(open.Complaints);
        Assert.All(open.Requests.Where(url => !url.StartsWith("data:", StringComparison.Ordinal)), url => Assert.StartsWith(server.Address.ToString(), url));

        async Task Type(string text, bool complains = false)
        {
            await open.Page.FillAsync("#another-text", text);
            await open.Page.ClickAsync("#another button");
            await open.Page.WaitForFunctionAsync("text => new URLSearchParams(location.search).get('text') === text && document.querySelector('footer')", text);
            // The browser itself notes every answer that is no 200.
            if (complains)
                open.Complaints.RemoveAll(complaint => complaint.Contains("status of 400", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_answer_has_a_status_and_says_nothing_of_the_code()
    {
        await using PageServer server = await Serve(RecordedModels.Bert(_folder), "w7 [MASK]");
        using HttpClient client = new() { BaseAddress = server.Address };
        await Is(HttpStatusCode.OK, "/", "w7 [MASK]");
        await Is(HttpStatusCode.OK, "/?text=w8+%5BMASK%5D", "\"w8 [MASK]\"");
        await Is(HttpStatusCode.BadRequest, "/?text=", "the text is empty");
        await Is(HttpStatusCode.BadRequest, $"/?text={new string('a', 20_001)}", "the text has 20001 characters, at most 20000 expected\n");
        await Is(HttpStatusCode.RequestUriTooLong, $"/?text={new string('a', 300_000)}", "");
        await Is(HttpStatusCode.NotFound, "/elsewhere", "there is no such path here\n");
        foreach ((string header, string value) in (ReadOnlySpan<(string, string)>)[("Host", "example.org"), ("Origin", "https://example.org")])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/");
            request.Headers.TryAddWithoutValidation(header, value);
            Assert.Equal(HttpStatusCode.Forbidden, client.Send(request, Token).StatusCode);
        }
        using HttpResponseMessage posted = await client.PostAsync("/", new StringContent("x"), Token);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET"), (posted.StatusCode, posted.Content.Headers.Allow.Single()));

        async Task Is(HttpStatusCode status, string path, string says)
        {
            using HttpResponseMessage response = await client.GetAsync(path, Token);
            string body = await response.Content.ReadAsStringAsync(Token);
            Assert.Equal(status, response.StatusCode);
            Assert.Contains(says, body, StringComparison.Ordinal);
            Assert.DoesNotContain("   at MiniGpt", body, StringComparison.Ordinal);
            Assert.DoesNotContain(response.Headers, header => header.Key == "Server");
        }
    }

    [Fact]
    public async Task A_translator_keeps_its_beams_and_texts_of_different_lengths_are_refused_where_two_are_compared()
    {
        string marian = RecordedModels.WithCharacters(_folder, "marian-tiny"), text = RecordedModels.TextOf(15, 39, 14, 1);
        await using PageServer translating = await Serve(marian, text, new ExplanationOptions { Beams = 2 });
        await using PageServer comparing = await Serve(ExampleModel.Tiny(_folder), "To be", new ExplanationOptions { Against = "To me" });
        using HttpClient client = new();
        Assert.Contains("\"beams\":2", await client.GetStringAsync(new Uri(translating.Address, $"/?text={Uri.EscapeDataString(RecordedModels.TextOf(14, 39))}"), Token), StringComparison.Ordinal);
        Assert.Contains("\"against\":{\"text\":\"To me\"", await client.GetStringAsync(new Uri(comparing.Address, "/?text=To+go"), Token), StringComparison.Ordinal);
        using HttpResponseMessage refused = await client.GetAsync(new Uri(comparing.Address, "/?text=To+stay"), Token);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("the first has 7, the other 5", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_page_is_made_at_a_time_and_none_for_a_client_that_is_gone()
    {
        using SemaphoreSlim begun = new(0);
        int running = 0, most = 0, cancelled = 0;
        await using PageServer server = await PageServer.StartAsync(new ServerOptions { Port = 0 }, (text, token) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            begun.Release();
            if (text == "slow" && token.WaitHandle.WaitOne(TimeSpan.FromSeconds(60)))
                cancelled++;
            Interlocked.Decrement(ref running);
            token.ThrowIfCancellationRequested();
            return new PageAnswer("<p>done"u8.ToArray());
        }, Token);
        using HttpClient client = new() { BaseAddress = server.Address };
        using CancellationTokenSource gone = new();
        Task<string> slow = client.GetStringAsync("/?text=slow", gone.Token);
        await begun.WaitAsync(Token);
        Task<string> next = client.GetStringAsync("/?text=next", Token);
        await Task.Delay(100, Token);
        Assert.False(next.IsCompleted);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => slow);
        Assert.Equal("<p>done", await next);
        Assert.Equal((1, 1), (most, cancelled));
    }

    [Fact]
    public async Task The_program_says_where_it_serves_and_ends_after_a_signal()
    {
        ExampleModel.Tiny(_folder);
        using Process process = Minigpt.Start(_folder.Root, "explain", "--model", "tiny", "--text", "To be", "--serve", "--port", "0");
        string? line = await process.StandardError.ReadLineAsync(Token);
        Assert.Matches(@"^http://127\.0\.0\.1:\d+/ shows what tiny does with any text\. Ctrl-C ends it\.$", line);
        using HttpClient client = new();
        Assert.Contains("\"text\":\"Or not\"", await client.GetStringAsync(new Uri($"{line!.Split(' ')[0]}?text=Or%20not"), Token), StringComparison.Ordinal);
        using Process signal = Process.Start("kill", ["-INT", $"{process.Id}"]);
        await process.WaitForExitAsync(Token);
        Assert.Equal((0, ""), (process.ExitCode, await process.StandardOutput.ReadToEndAsync(Token)));
        Assert.Empty(Directory.GetFiles(_folder.Root, "*.html"));
    }

    [Theory]
    [InlineData("--serve writes no file: give --serve or --out", "--serve", "--out", "page.html")]
    [InlineData("--port goes with --serve", "--port", "0")]
    [InlineData("--port", "--serve", "--port", "70000")]
    public void Wrong_usage_is_refused_in_a_line(string message, params string[] options)
    {
        ExampleModel.Tiny(_folder);
        Assert.Contains(message, Minigpt.Refusal(_folder.Root, 2, message, ["explain", "--model", "tiny", .. options]), StringComparison.Ordinal);
    }

    private static Task<PageServer> Serve(string model, string text, ExplanationOptions? options = null)
    {
        LoadedModel<float> loaded = ModelFolder.Load<float>(model);
        options ??= new();
        return PageServer.StartAsync(new ServerOptions { Port = 0 }, new ExplainPages(loaded, SentenceExplanation.Of(loaded, text, options), options).Of, Token);
    }
}
