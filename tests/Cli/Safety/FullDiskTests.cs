using System.Diagnostics;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

[Collection("Runs")]
public sealed class FullDiskTests : IDisposable
{
    // A checkpoint of 2.7 MB: one of them fits into 4 MB, a second one beside it does not.
    private static readonly string[] s_options =
    [
        "train", "--data", "text.txt", "--layers", "2", "--heads", "2", "--width", "96", "--context", "8", "--batch-size", "2", "--steps", "400",
        "--schedule", "constant", "--eval-every", "0", "--checkpoint-every", "100", "--log-every", "50",
    ];

    private readonly TemporaryFolder _folder = new();

    public FullDiskTests() => SmallRun.WriteText(_folder);

    public void Dispose()
    {
        Minigpt.Shell(_folder.Root, "umount disk 2>/dev/null");
        _folder.Dispose();
    }

    [Fact]
    public void A_disk_that_fills_up_during_a_save_keeps_the_old_checkpoint_and_the_run_saves_once_there_is_room()
    {
        Directory.CreateDirectory(_folder.File("disk"));
        Outcome mount = Minigpt.Shell(_folder.Root, "mount -t tmpfs -o size=4m tmpfs disk");
        Assert.SkipUnless(mount.ExitCode == 0, $"a file system of 4 MB cannot be mounted here: {mount.Error}");
        Minigpt.Success(_folder.Root, [.. s_options, "--out", "whole"]);

        using Process process = Minigpt.Start(_folder.Root, [.. s_options, "--out", "disk/run"]);
        string said = SmallRun.ReadTo(process, "step 200: not saved, the run continues and tries again: ");
        Assert.Contains("No space left on device", said, StringComparison.Ordinal);
        Assert.Contains("(the checkpoint of step 100 is intact)", said, StringComparison.Ordinal);
        Assert.Equal(100, StepOfCopy());

        SmallRun.ReadTo(process, "step 400: not saved, the run continues and tries again: ");
        Assert.Equal(100, StepOfCopy());
        Assert.Equal(0, Minigpt.Shell(_folder.Root, "mount -o remount,size=16m disk").ExitCode);
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(SmallRun.Checksums(_folder.File("whole")), SmallRun.Checksums(_folder.File("disk/run")));
        Assert.Equal(SmallRun.Log(_folder.File("whole")), SmallRun.Log(_folder.File("disk/run")));
    }

    [Fact]
    public void A_run_that_is_stopped_while_its_disk_is_full_says_that_its_last_steps_are_not_saved()
    {
        Directory.CreateDirectory(_folder.File("disk"));
        Outcome mount = Minigpt.Shell(_folder.Root, "mount -t tmpfs -o size=4m tmpfs disk");
        Assert.SkipUnless(mount.ExitCode == 0, $"a file system of 4 MB cannot be mounted here: {mount.Error}");
        using Process process = Minigpt.Start(_folder.Root, [.. s_options, "--out", "disk/run"]);
        SmallRun.ReadTo(process, "step 400: not saved");
        SmallRun.Signal(process, SmallRun.Interrupt);
        Outcome outcome = Minigpt.OutcomeOf(process);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("minigpt: the last steps are not saved: No space left on device", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(100, StepOfCopy());
    }

    /// <summary>The step of the checkpoint as another process finds it while the run goes on.</summary>
    private int StepOfCopy()
    {
        string copy = _folder.File($"copy-{Guid.NewGuid()}");
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(_folder.File("disk/run")))
        {
            if (Path.GetFileName(file) != "run.lock" && !file.EndsWith(".partial", StringComparison.Ordinal))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }
        using RunFolder folder = RunFolder.Open(copy);
        return folder.Load<float>().Step;
    }
}
