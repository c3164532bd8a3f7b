using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>A run that checkpoints after every step is killed again and again, at moments that nobody chose.</summary>
[Collection("Runs")]
public sealed class KillTests : IDisposable
{
    private const int Kills = 40;
    private const int Chains = 2; // at once: one a core
    private static readonly TimeSpan s_longestLife = TimeSpan.FromMilliseconds(150);

    // The schedule must not depend on the number of steps, which is decided by the kills.
    private static readonly string[] s_options =
        [.. SmallRun.Model, "--schedule", "constant", "--log-every", "1", "--eval-every", "7", "--eval-batches", "1"];

    private readonly TemporaryFolder _folder = new();

    public KillTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Forty_kills_lose_nothing()
    {
        int[] kills = [.. Enumerable.Repeat(Kills / Chains, Chains)];
        Task<(int InsideSave, int Committed)>[] chains =
            [.. kills.Select((count, chain) => Task.Run(() => AssertNothingIsLost($"run{chain}", count, new Random(chain))))];
        (int InsideSave, int Committed)[] found = await Task.WhenAll(chains);
        int inside = found.Sum(chain => chain.InsideSave), committed = found.Sum(chain => chain.Committed);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{Kills} kills, {inside} of them inside a save, {committed} between its commit and its last renaming");
        Assert.InRange(inside, Kills / 10, Kills);
    }

    private (int InsideSave, int Committed) AssertNothingIsLost(string name, int kills, Random random)
    {
        string run = _folder.File(name);
        int step = 0, insideSave = 0, committed = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            bool isNew = !File.Exists(Path.Combine(run, "training.json"));
            string[] beginning = isNew
                ? [.. s_options, "--out", name, "--overwrite", "--steps", "1000000", "--checkpoint-every", "1"]
                : ["--resume", name];
            using (Process process = Minigpt.Start(_folder.Root, ["train", .. beginning]))
            {
                SmallRun.ReadToStep(process, count: isNew ? 2 : 1); // the second step begins after the first checkpoint
                Thread.Sleep(random.Next((int)s_longestLife.TotalMilliseconds));
                process.Kill();
                process.WaitForExit();
            }

            bool isInside = Directory.GetFiles(run, "*.partial", SearchOption.AllDirectories).Length > 0;
            insideSave += isInside ? 1 : 0;
            committed += IsCommittedButNotRenamed(run) ? 1 : 0;
            // One time in two the program itself finds the folder as it was left.
            step = kill % 2 == 0 ? AssertWhole(run, step) : step;
        }

        int last = AssertWhole(run, step) + 5;
        Minigpt.Success(_folder.Root, "train", "--resume", name, "--steps", $"{last}");
        Minigpt.Success(_folder.Root, ["train", .. s_options, "--out", $"{name}-whole", "--steps", $"{last}", "--checkpoint-every", "0"]);
        string whole = _folder.File($"{name}-whole");
        Assert.Equal(SmallRun.Checksums(whole), SmallRun.Checksums(run));
        Assert.Equal(SmallRun.Checksums(Path.Combine(whole, "best")), SmallRun.Checksums(Path.Combine(run, "best")));
        Assert.Equal(SmallRun.Log(whole), SmallRun.Log(run));
        return (insideSave, committed);
    }

    /// <summary>Whether training.json speaks of a file that has not its name yet.</summary>
    private static bool IsCommittedButNotRenamed(string run)
    {
        JsonObject files = JsonNode.Parse(File.ReadAllText(Path.Combine(run, "training.json")))!["files"]!.AsObject();
        return files.Any(file => Path.Combine(run, file.Key + ".partial") is var partial && File.Exists(partial)
            && Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(partial))) == (string)file.Value!);
    }

    /// <summary>Every checkpoint that is there can be read, and the newest is no older than it was. Returns its step.</summary>
    private static int AssertWhole(string run, int step)
    {
        string[] older = Directory.Exists(Path.Combine(run, "checkpoints")) ? Directory.GetDirectories(Path.Combine(run, "checkpoints"), "step-*") : [];
        string[] others = [Path.Combine(run, "best"), .. older.Where(path => !path.EndsWith(".partial", StringComparison.Ordinal))];
        foreach (string path in others.Where(path => File.Exists(Path.Combine(path, "training.json"))))
        {
            using RunFolder other = RunFolder.Open(path);
            Assert.InRange(other.Load<float>().Step, 1, int.MaxValue);
        }
        using RunFolder folder = RunFolder.Open(run);
        int found = folder.Load<float>().Step;
        Assert.InRange(found, step, int.MaxValue);
        return found;
    }
}
