using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace MiniGpt.Bench.EndToEnd;

/// <summary>Puts load on a running `minigpt serve`, good and bad, and says what came of it.</summary>
internal static class ServeLoad
{
    private const string Usage = """
        Asks a running service: tokens a second of one text, of four and of sixteen at once, the time to the first token at half load, and then, for some
        time, many connections of which some go away, send garbage or read slowly. Every whole answer must be byte for byte what one client
        alone gets.

          serve-load [--url http://localhost:8080] [--seconds 60] [--connections 200] [--tokens 200] [--pid N]

          --pid N   the process of the service, whose memory is then read from /proc once a second

        Exit codes: 0 all answers were right, 1 one was not, 2 wrong usage.
        """;

    private const int Texts = 16;

    public static async Task<int> Run(string[] arguments)
    {
        if (NamedValues.Read(
            arguments, Usage, out int exitCode, ("--url", "http://localhost:8080"), ("--seconds", "60"), ("--connections", "200"), ("--tokens", "200"), ("--pid", "0")) is not { } values)
        {
            return exitCode;
        }

        using HttpClient client = new(new SocketsHttpHandler { MaxConnectionsPerServer = 10_000 }) { BaseAddress = new Uri(values["--url"]), Timeout = TimeSpan.FromMinutes(5) };
        Load load = new(client, values.Whole("--tokens"));
        string[] expected = new string[Texts];
        for (int i = 0; i < Texts; i++)
            expected[i] = await load.Text(i); // also warms up
        await Rates(load);
        await load.FirstTokens(Texts / 2, 3); // the first of a kind compile the client's own code
        double[] first = await load.FirstTokens(Texts / 2, 40);
        Console.WriteLine(FormattableString.Invariant(
            $"first token at half load, {first.Length} requests: median {first[first.Length / 2]:F1} ms, p99 {first[(int)(first.Length * 0.99)]:F1} ms"));
        return await Mayhem(load, expected, values.Whole("--connections"), values.Whole("--seconds"), values.Whole("--pid"));
    }

    /// <summary>Medians of rounds in turn, so that what else the machine does meets all of them.</summary>
    private static async Task Rates(Load load)
    {
        int[] counts = [1, 4, Texts];
        List<double>[] rates = [.. counts.Select(_ => new List<double>())];
        for (int round = 0; round < 9; round++)
        {
            for (int i = 0; i < counts.Length; i++)
                rates[i].Add(await load.Rate(counts[i]));
        }

        double[] medians = [.. rates.Select(of => of.Order().ElementAt(of.Count / 2))];
        for (int i = 0; i < counts.Length; i++)
            Console.WriteLine(FormattableString.Invariant($"{counts[i],2} at once: {medians[i]:F0} tokens/s, {medians[i] / medians[0]:F2} times one"));
    }

    private static async Task<int> Mayhem(Load load, string[] expected, int connections, int seconds, int process)
    {
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(seconds));
        List<double> memory = [];
        Task[] clients = [.. Enumerable.Range(0, connections).Select(number => Client(new Random(number)))];
        while (!end.IsCancellationRequested)
        {
            await Task.Delay(1000);
            if (process > 0)
                memory.Add(ResidentMegabytes(process));
        }

        await Task.WhenAll(clients);
        Console.WriteLine(
            $"{connections} connections for {seconds} s: {load.Right} whole answers right, {load.Wrong} wrong, {load.Refused} told to wait (429), "
            + $"{load.Left} left early, {load.Garbage} of garbage refused, {load.Failures} failures");
        if (memory.Count > 10)
        {
            Console.WriteLine(FormattableString.Invariant(
                $"memory after 10 s: {memory[9]:F0} MB; at most from then on: {memory[9..].Max():F0} MB; at the end: {memory[^1]:F0} MB"));
        }

        return load.Wrong + load.Failures == 0 && load.Right > 0 ? 0 : 1;

        async Task Client(Random random)
        {
            while (!end.IsCancellationRequested)
                await load.Once(random, expected, end.Token);
        }
    }

    private static double ResidentMegabytes(int process)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
    }

    /// <summary>The requests and their counts.</summary>
    private sealed class Load(HttpClient client, int tokens)
    {
        private const string Path = "/v1/completions";

        private static readonly string[] s_garbage = ["{", "[]", "{\"prompt\":1}", "{\"prompt\":\"a\",\"max_tokens\":-1}", "\0\0\0", "{\"prompt\":\"\\ud800\"}"];

        public int Right, Wrong, Refused, Left, Garbage, Failures;

        public async Task<string> Text(int i)
        {
            using HttpResponseMessage response = await client.PostAsync(Path, Request(i, streams: false));
            response.EnsureSuccessStatusCode();
            return (string)(await response.Content.ReadFromJsonAsync<JsonNode>())!["choices"]![0]!["text"]!;
        }

        public async Task<double> Rate(int together)
        {
            long start = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, together).Select(Text));
            return together * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public async Task<double[]> FirstTokens(int together, int each)
        {
            List<double> times = [];
            await Task.WhenAll(Enumerable.Range(0, together).Select(async number =>
            {
                for (int i = 0; i < each; i++)
                {
                    long start = Stopwatch.GetTimestamp();
                    using HttpResponseMessage response = await client.SendAsync(
                        new HttpRequestMessage(HttpMethod.Post, Path) { Content = Request(number, streams: true) }, HttpCompletionOption.ResponseHeadersRead);
                    using StreamReader reader = new(await response.Content.ReadAsStreamAsync());
                    await reader.ReadLineAsync();
                    lock (times)
                        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    await reader.ReadToEndAsync();
                }
            }));
            times.Sort();
            return [.. times];
        }

        public async Task Once(Random random, string[] expected, CancellationToken end)
        {
            int i = random.Next(Texts), kind = random.Next(100);
            try
            {
                if (kind < 20)
                {
                    using StringContent garbage = new(s_garbage[random.Next(s_garbage.Length)], Encoding.UTF8, "application/json");
                    using HttpResponseMessage refused = await client.PostAsync(Path, garbage, end);
                    Interlocked.Increment(ref (int)refused.StatusCode is >= 400 and < 500 ? ref Garbage : ref Failures);
                    return;
                }

                using CancellationTokenSource away = CancellationTokenSource.CreateLinkedTokenSource(end);
                if (kind < 40)
                    away.CancelAfter(random.Next(1, 200));
                using HttpResponseMessage response = await client.SendAsync(
                    new HttpRequestMessage(HttpMethod.Post, Path) { Content = Request(i, streams: kind >= 60) }, HttpCompletionOption.ResponseHeadersRead, away.Token);
                if ((int)response.StatusCode == 429)
                {
                    Interlocked.Increment(ref Refused);
                    await Task.Delay(random.Next(100, 1000), end);
                    return;
                }

                string text = kind < 60
                    ? (string)(await response.Content.ReadFromJsonAsync<JsonNode>(away.Token))!["choices"]![0]!["text"]!
                    : await ReadEvents(response, isSlow: kind >= 90, away.Token);
                Interlocked.Increment(ref text == expected[i] ? ref Right : ref Wrong);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref Left);
            }
            catch (Exception error) when (error is HttpRequestException or IOException or NullReferenceException)
            {
                Interlocked.Increment(ref Failures);
                await Console.Error.WriteLineAsync(error.Message);
            }
        }

        private static async Task<string> ReadEvents(HttpResponseMessage response, bool isSlow, CancellationToken cancellationToken)
        {
            StringBuilder text = new();
            using StreamReader reader = new(await response.Content.ReadAsStreamAsync(cancellationToken));
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (isSlow)
                    await Task.Delay(5, cancellationToken);
                if (line.StartsWith("data: {", StringComparison.Ordinal))
                    text.Append((string)JsonNode.Parse(line["data: ".Length..])!["choices"]![0]!["text"]!);
            }

            return text.ToString();
        }

        private JsonContent Request(int i, bool streams) =>
            JsonContent.Create(new JsonObject { ["prompt"] = $"{(char)('A' + i)} word", ["max_tokens"] = tokens, ["seed"] = i, ["temperature"] = 1, ["stream"] = streams });
    }
}
