using System.Diagnostics;
using System.Globalization;
using MiniGpt.Cluster;
using MiniGpt.Tests.Cli;
using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cluster;

/// <summary>The real program started by the real mpirun of each MPI that this machine has.</summary>
[Collection("Runs")]
public sealed class MpirunTests : IDisposable
{
    private static readonly string[] s_train =
    [
        "train", "--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--context", "8", "--batch-size", "2", "--dropout", "0.1",
        "--eval-every", "3", "--eval-batches", "2", "--threads", "1",
    ];

    private static readonly string[] s_run = [.. s_train, "--accumulate", "4", "--steps", "6"];

    private readonly TemporaryFolder _folder = new();

    public MpirunTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> All => Mpirun.All;

    [Theory]
    [MemberData(nameof(All))]
    public void Two_ranks_write_the_bytes_and_the_log_of_one_process(string mpirun)
    {
        Mpirun.SkipWithout(mpirun);
        Minigpt.Success(_folder.Root, [.. s_run, "--out", "alone"]);
        Outcome outcome = Mpirun.Run(mpirun, 2, _folder.Root, [.. s_run, "--out", "together"]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Contains("2 processes, 2 of them here (", outcome.Error, StringComparison.Ordinal);
        Assert.Single(outcome.Error.Split('\n'), line => line.StartsWith("step 6: ", StringComparison.Ordinal));
        Assert.Equal(SmallRun.Checksums(_folder.File("alone")), SmallRun.Checksums(_folder.File("together")));
        Assert.Equal(SmallRun.Log(_folder.File("alone")), SmallRun.Log(_folder.File("together")));
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_rank_that_is_killed_ends_all_of_them_within_seconds_and_the_run_goes_on(string mpirun)
    {
        Mpirun.SkipWithout(mpirun);
        string[] run = [.. s_train, "--accumulate", "4", "--checkpoint-every", "1", "--steps", "1000000", "--out", "run"];
        using (Process process = Mpirun.Start(mpirun, 2, _folder.Root, run))
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
            long start = Stopwatch.GetTimestamp();
            while (!File.Exists(_folder.File("run/training.json")))
            {
                Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(1), "the run does not begin");
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
            Process.GetProcessById(RanksBelow(process.Id)[1]).Kill();
            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)), "the others go on without it");
            Assert.NotEqual(0, process.ExitCode);
            Assert.Empty(RanksBelow(process.Id));
            Assert.NotEmpty(await output + await error);
        }
        int more = SavedStep() + 3;
        Minigpt.Success(_folder.Root, "train", "--resume", "run", "--steps", $"{more}");
        Assert.Equal(more, SavedStep());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_rank_with_another_instruction_set_is_refused_and_both_are_named(string mpirun)
    {
        Mpirun.SkipWithout(mpirun);
        string[] program = [.. Mpirun.Program, .. s_run, "--out", "run"];
        using Process process = Mpirun.Start(mpirun, _folder.Root, ["-n", "1", .. program, ":", "-n", "1", "env", "DOTNET_EnableHWIntrinsic=0", .. program]);
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.NotEqual(0, outcome.ExitCode);
        string line = Assert.Single(outcome.Error.Split('\n'), line => line.StartsWith("minigpt: ", StringComparison.Ordinal));
        Assert.Matches(@"rank 1 of 2 \(process \d+ on .+\) has the instruction set \w+ without vectors, rank 0 of 2 \(process \d+ on .+\) has \w+ with vectors", line);
        Assert.False(Directory.Exists(_folder.File("run")));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void More_ranks_than_batches_of_a_step_are_refused_in_one_line(string mpirun)
    {
        Mpirun.SkipWithout(mpirun);
        Outcome outcome = Mpirun.Run(mpirun, 2, _folder.Root, [.. s_train, "--accumulate", "1", "--out", "run"]);
        Assert.NotEqual(0, outcome.ExitCode);
        string line = Assert.Single(outcome.Error.Split('\n'), line => line.StartsWith("minigpt: ", StringComparison.Ordinal));
        Assert.StartsWith("minigpt: 2 processes and --accumulate 1 found", line);
    }

    [Fact]
    public void A_library_that_is_not_there_is_named_and_what_installs_one()
    {
        using Process process = Minigpt.Start(
            _folder.Root, new Dictionary<string, string> { [MpiLibrary.PathVariable] = "/nowhere/libmpi.so" }, [.. s_run, "--cluster", "mpi", "--out", "run"]);
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("minigpt: MINIGPT_MPI_LIBRARY names /nowhere/libmpi.so, which cannot be loaded: the path of a libmpi.so or libmpich.so expected\n", outcome.Error);
        using Process inJapanese = Minigpt.Start(
            _folder.Root, new Dictionary<string, string> { [MpiLibrary.PathVariable] = "/nowhere/libmpi.so" },
            [.. s_run, "--cluster", "mpi", "--out", "run", "--language", "ja"]);
        Assert.EndsWith("MINIGPT_MPI_LIBRARY に指定された /nowhere/libmpi.so を読み込めません。libmpi.so か libmpich.so のパスを指定してください\n", Minigpt.OutcomeOf(inJapanese).Error);
        Assert.Equal("install one", Assert.Throws<ClusterException>(() => MpiLibrary.Open(["libmpi_of_nobody.so", "/nowhere/libmpi.so"], "install one")).Message);
    }

    [Fact]
    public void Another_engine_than_mpi_is_refused() =>
        Assert.Contains("--cluster: 'gloo' found, mpi expected", Minigpt.Refusal(_folder.Root, 2, "--cluster", "train", "--cluster", "gloo"), StringComparison.Ordinal);

    private int SavedStep()
    {
        string json = File.ReadAllText(_folder.File("run/training.json"));
        int start = json.IndexOf("\"step\":", StringComparison.Ordinal) + 7;
        return int.Parse(json.AsSpan(start, json.IndexOf(',', start) - start).Trim(), CultureInfo.InvariantCulture);
    }

    /// <summary>The processes of the program that were started by another one, or by one that it started.</summary>
    private int[] RanksBelow(int launcher)
    {
        Dictionary<int, int> parents = [];
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int process))
                continue;
            try
            {
                string status = File.ReadAllText($"{folder}/stat");
                string[] fields = status[(status.LastIndexOf(')') + 2)..].Split(' ');
                if (fields[0] is not "Z")
                    parents[process] = int.Parse(fields[1], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                continue; // it has just ended
            }
        }
        return [.. parents.Keys.Where(process => IsBelow(process) && Command(process).Contains("minigpt.dll", StringComparison.Ordinal)
            && Command(process).StartsWith("dotnet", StringComparison.Ordinal)).Order()];

        bool IsBelow(int process)
        {
            while (process > 1 && parents.TryGetValue(process, out int parent))
            {
                if (parent == launcher)
                    return true;
                process = parent;
            }
            return false;
        }
    }

    private static string Command(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
