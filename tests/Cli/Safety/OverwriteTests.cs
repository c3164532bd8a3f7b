using Xunit;

namespace MiniGpt.Tests.Cli.Safety;

/// <summary>A run that turns out to be impossible has deleted and made nothing.</summary>
[Collection("Runs")]
public sealed class OverwriteTests : IDisposable
{
    private static readonly string[] s_impossible =
        ["train", .. SmallRun.Model[..^6], "--batch-size", "1000", "--batches", "sequential", "--steps", "2"];

    private readonly TemporaryFolder _folder = new();

    public OverwriteTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_model_survives_a_run_that_cannot_replace_it()
    {
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "2", "--out", "run"]);
        string before = SmallRun.Checksums(_folder.File("run"));
        AssertRefused("run", "--overwrite");
        Assert.Equal(before, SmallRun.Checksums(_folder.File("run")));
        Minigpt.Success(_folder.Root, "train", "--resume", "run", "--steps", "3");
    }

    [Fact]
    public void A_run_that_cannot_begin_leaves_no_folder()
    {
        AssertRefused("new");
        Assert.False(Directory.Exists(_folder.File("new")));
    }

    private void AssertRefused(string folder, params string[] options)
    {
        Outcome outcome = Minigpt.Run(_folder.Root, [.. s_impossible, .. options, "--out", folder]);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("minigpt: a text of 1935 tokens is too short: one step of sequential batches needs at least 8001\n", outcome.Error);
    }
}
