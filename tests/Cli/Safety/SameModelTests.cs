using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>One run, however it is run: the same bytes.</summary>
[Collection("Runs")]
public sealed class SameModelTests : IDisposable
{
    private const int Resumptions = 10;

    private static readonly string[] s_options =
    [
        "train", "--data", "text.txt", "--layers", "2", "--heads", "2", "--width", "48", "--context", "16", "--batch-size", "4",
        "--accumulate", "2", "--dropout", "0.1", "--steps", "600", "--warmup-steps", "20",
    ];

    private readonly TemporaryFolder _folder = new();

    public SameModelTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_two_three_and_eight_threads_and_ten_resumptions_write_the_same_model_and_optimizer()
    {
        string[] plain = [.. s_options, "--eval-every", "0"];
        string[] watched = [.. s_options, "--eval-every", "200", "--eval-batches", "2", "--sample-every", "300", "--checkpoint-every", "150", "--keep", "2"];
        string expected = Train("one", [.. plain, "--threads", "1"]);
        Assert.Equal(expected, Train("two", [.. watched, "--threads", "2"]));
        Assert.Equal(expected, Train("three", [.. watched, "--threads", "3", "--profile"]));
        Assert.Equal(expected, Train("eight", [.. plain, "--threads", "8", "--profile"]));
        Assert.Equal(expected, TrainInParts("parts", watched));
        Assert.Equal(SmallRun.Log(_folder.File("two")), SmallRun.Log(_folder.File("three")));
        Assert.Equal(SmallRun.Log(_folder.File("two")), SmallRun.Log(_folder.File("parts")));
    }

    [Fact]
    public void Eight_threads_on_a_machine_that_gives_one_processor_finish_with_the_same_model()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Minigpt.Shell(_folder.Root, "taskset --version").ExitCode == 0, "there is no taskset(1)");
        string expected = Train("free", [.. s_options, "--threads", "1"]);
        string first = Minigpt.Shell(_folder.Root, "taskset -cp $$ | sed 's/.*: *//; s/[-,].*//'").Output.Trim();
        string command = string.Join(' ', [.. s_options, "--threads", "8", "--out", "pinned"]);
        Outcome outcome = Minigpt.Shell(_folder.Root, $"exec taskset -c {first} minigpt {command}");
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(expected, SmallRun.Checksums(_folder.File("pinned")));
    }

    private string Train(string name, string[] arguments)
    {
        Minigpt.Success(_folder.Root, [.. arguments, "--out", name]);
        return SmallRun.Checksums(_folder.File(name));
    }

    /// <summary>Stops the run ten times and goes on with it, each time on another number of threads.</summary>
    private string TrainInParts(string name, string[] arguments)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "stopping a run from outside takes the signals of Unix");
        string[] command = [.. arguments, "--out", name, "--log-every", "10"];
        for (int part = 0; part < Resumptions; part++)
        {
            using Process process = Minigpt.Start(_folder.Root, [.. command, "--threads", $"{1 + part % 3}"]);
            SmallRun.ReadToStep(process, count: 2);
            SmallRun.Signal(process, part % 2 == 0 ? SmallRun.Interrupt : SmallRun.Terminate);
            Outcome outcome = Minigpt.OutcomeOf(process);
            Assert.True(outcome.ExitCode == SmallRun.Interrupted, $"{outcome.ExitCode}: {outcome.Error}");
            Assert.Contains($" train --resume {name}\n", outcome.Error, StringComparison.Ordinal);
            command = ["train", "--resume", name];
        }
        Minigpt.Success(_folder.Root, command);
        return SmallRun.Checksums(_folder.File(name));
    }
}
