using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>A run that a signal ends in the midst of a step goes on as if there had been none.</summary>
[Collection("Runs")]
public sealed class InterruptedStepTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public InterruptedStepTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(SmallRun.Interrupt)]
    [InlineData(SmallRun.Terminate)]
    public void The_part_of_a_step_that_was_done_counts_for_nothing_and_the_step_is_done_again(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "these are the signals of Unix");
        string[] options = [.. SmallRun.Model, "--log-every", "1", "--eval-every", "0", "--schedule", "constant"];
        Minigpt.Success(_folder.Root, ["train", .. options, "--steps", "4", "--out", "whole"]);
        Minigpt.Success(_folder.Root, ["train", .. options, "--steps", "2", "--out", "cut"]);

        // The third step becomes one of minutes, in micro-batches of less than a millisecond.
        Replace("\"accumulate\": 2", "\"accumulate\": 10000000");
        using (Process process = Minigpt.Start(_folder.Root, "train", "--resume", "cut", "--steps", "4"))
        {
            TimeSpan start = TimeSpan.FromSeconds(2); // longer than the program takes to begin
            while (!process.HasExited && process.TotalProcessorTime < start)
            {
                Thread.Sleep(20);
                process.Refresh();
            }
            SmallRun.AssertEnds(process, signal);
        }
        Assert.Contains("\"step\": 2", File.ReadAllText(_folder.File("cut/training.json")), StringComparison.Ordinal);
        Replace("\"accumulate\": 10000000", "\"accumulate\": 2");
        Minigpt.Success(_folder.Root, "train", "--resume", "cut", "--steps", "4");
        Assert.Equal(Steps("whole"), Steps("cut"));
        Assert.Equal(SmallRun.Checksums(_folder.File("whole")), SmallRun.Checksums(_folder.File("cut")));
    }

    /// <summary>The lines of the steps: a run is evaluated at its end as well, and the one that was cut had two ends.</summary>
    private IEnumerable<string> Steps(string run) =>
        SmallRun.Log(_folder.File(run)).Where(line => !line.Contains("validation", StringComparison.Ordinal));

    private void Replace(string old, string other)
    {
        string training = File.ReadAllText(_folder.File("cut/training.json"));
        Assert.Contains(old, training, StringComparison.Ordinal);
        _folder.Write("cut/training.json", training.Replace(old, other, StringComparison.Ordinal));
    }
}
