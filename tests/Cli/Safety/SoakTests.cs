using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

[Collection("Runs")]
public sealed class SoakTests : IDisposable
{
    private const int Early = 500;
    private const int Steps = 20_000;
    private const int FilesOfSave = 4; // open at once while a checkpoint is written, which may be just then

    // Methods are compiled once, at first use: otherwise the runtime compiles the hot ones again during the first seconds, behind the steps,
    // and the memory that its compiler keeps for that would be taken for the run's.
    private static readonly Dictionary<string, string> s_compiledOnce = new() { ["DOTNET_TieredCompilation"] = "0" };

    private readonly TemporaryFolder _folder = new();

    public SoakTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Twenty_thousand_steps_take_no_more_memory_files_or_threads_than_five_hundred()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what a process holds is read from /proc");
        using Process process = Minigpt.Start(_folder.Root, s_compiledOnce,
            ["train", .. SmallRun.Model, "--steps", $"{Steps}", "--log-every", $"{Early}", "--eval-every", "250", "--checkpoint-every", "100", "--out", "run"]);
        SmallRun.ReadTo(process, $"step {Early}/");
        Held early = Held.By(process);
        SmallRun.ReadTo(process, $"step {Steps}/");
        Held late = Held.By(process);
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        TestContext.Current.TestOutputHelper!.WriteLine($"after {Early} steps: {early}\nafter {Steps} steps: {late}");
        Assert.InRange(late.Kilobytes, 0, 1.05 * early.Kilobytes);
        Assert.InRange(late.Files, 0, early.Files + FilesOfSave);
        Assert.InRange(late.Threads, 0, early.Threads);
    }

    /// <summary>What a process holds: resident memory in KiB, open files, threads.</summary>
    private sealed record Held(double Kilobytes, int Files, int Threads)
    {
        public static Held By(Process process)
        {
            string folder = $"/proc/{process.Id}";
            string resident = File.ReadLines($"{folder}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            return new Held(double.Parse(resident.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture),
                Directory.GetFileSystemEntries($"{folder}/fd").Length, Directory.GetDirectories($"{folder}/task").Length);
        }
    }
}
