using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>Runs of a model so small that starting the program takes longer than training it.</summary>
internal static class SmallRun
{
    public const int Interrupt = 2; // SIGINT
    public const int Terminate = 15; // SIGTERM
    public const int Interrupted = 130;

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_started = TimeSpan.FromSeconds(0.05); // of processor time: the runtime itself takes that, and on a fast machine little more

    /// <summary>The options of the model: dropout and accumulation, so that there is something to get wrong.</summary>
    public static string[] Model { get; } =
    [
        "--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--context", "8", "--batch-size", "2", "--accumulate", "2",
        "--dropout", "0.1",
    ];

    public static void WriteText(TemporaryFolder folder) =>
        folder.Write("text.txt", string.Concat(Enumerable.Repeat("To be, or not to be: that is the question.\n", 50)));

    /// <summary>The checksums of what training computes.</summary>
    public static string Checksums(string run) => string.Join(' ', new[] { "model.safetensors", "optimizer.safetensors" }
        .Select(name => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(run, name))))));

    /// <summary>The lines of metrics.jsonl without the times in them.</summary>
    public static string[] Log(string run) =>
    [
        .. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
        {
            JsonObject json = JsonNode.Parse(line)!.AsObject();
            foreach (string time in (string[])["milliseconds", "tokens_per_second", "mfu"])
                json.Remove(time);
            return json.ToJsonString();
        }),
    ];

    /// <summary>Reads standard error up to the line of a step, and returns all of it.</summary>
    public static string ReadToStep(Process process, int count = 1) => ReadTo(process, "step ", count);

    /// <summary>Reads standard error up to a line that begins so, and returns all of it.</summary>
    public static string ReadTo(Process process, string beginning, int count = 1)
    {
        List<string> lines = [];
        while (count > 0)
        {
            Task<string?> next = process.StandardError.ReadLineAsync();
            Assert.True(next.Wait(s_longest), $"no line begins with '{beginning}' in: {string.Join('\n', lines)}");
            string? line = next.Result;
            Assert.True(line is not null, $"the program ended without a line that begins with '{beginning}': {string.Join('\n', lines)}");
            lines.Add(line!);
            if (line!.StartsWith(beginning, StringComparison.Ordinal))
                count--;
        }
        return string.Join('\n', lines);
    }

    /// <summary>Sends a signal that the program must obey soon, with the exit code of an interruption.</summary>
    public static void AssertEnds(Process process, int signal)
    {
        Signal(process, signal);
        bool ended = process.WaitForExit(TimeSpan.FromSeconds(20));
        if (!ended)
            process.Kill();
        Assert.True(ended, "the program works on");
        Assert.Equal(Interrupted, process.ExitCode);
    }

    /// <summary>Waits until a process has worked and does so no more, or has ended.</summary>
    public static void WaitUntilIdle(Process process)
    {
        TimeSpan idle = TimeSpan.FromSeconds(1.5), worked = default;
        Stopwatch since = Stopwatch.StartNew(), all = Stopwatch.StartNew();
        while (!process.HasExited && (worked < s_started || since.Elapsed < idle))
        {
            Assert.True(all.Elapsed < s_longest, "the program works on");
            Thread.Sleep(100);
            process.Refresh();
            TimeSpan now = process.HasExited ? worked : process.TotalProcessorTime;
            if (now - worked >= TimeSpan.FromMilliseconds(20))
                since.Restart();
            worked = now;
        }
    }

    /// <summary>Sends a signal.</summary>
    public static void Signal(Process process, int signal) => Assert.Equal(0, Kill(process.Id, signal));

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);
}
