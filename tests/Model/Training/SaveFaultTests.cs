using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Training;
using MiniGpt.Tests.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

/// <summary>Every step of a save fails once, and once with all behind it: there is always a whole checkpoint, and the next save works.</summary>
public sealed class SaveFaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private RunFolder? _run;
    private int _turn;

    private string Run => _folder.File($"run{_turn}");

    public void Dispose()
    {
        _run?.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(false, new int[0], 0)]
    [InlineData(true, new int[0], 0)]
    [InlineData(false, new[] { 1 }, 0)]
    [InlineData(true, new[] { 1 }, 0)]
    [InlineData(false, new[] { 1, 2, 3 }, 2)]
    [InlineData(true, new[] { 1, 2, 3 }, 2)]
    public void A_save_that_fails_anywhere_loses_no_checkpoint_and_the_next_one_succeeds(bool stays, int[] before, int keep)
    {
        int last = before.Length > 0 ? before[^1] : 0, next = last + 1;
        DiskFaults.AtEveryStep(least: 30, stays, () => Prepare(before, keep), () => _run!.Save(At(next), keep), failed =>
        {
            bool isCommitted = File.Exists(Path.Combine(Run, "training.json")) && StepInTrainingJson() == next;
            Assert.True(isCommitted || failed.IsReported, $"{failed}: nothing was saved and nobody was told");
            Assert.False(isCommitted && last > 0 && !HasAllFilesOf(Run), $"{failed}: files of the committed checkpoint are gone");
            if (stays)
                Reopen(mayBeEmpty: last == 0 && !isCommitted);
            if (last > 0 || isCommitted)
                Assert.Equal((failed, isCommitted ? next : last), (failed, Load(Run)));

            _run!.Save(At(next), keep);
            Assert.Equal((failed, next), (failed, Load(Run)));
            Assert.Equal([.. before.TakeLast(keep).Select(step => $"step-{step}")], OlderOf(Run));
            AssertNoLeftovers(failed);
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_best_checkpoint_is_the_old_one_or_the_new_one_wherever_its_saving_fails(bool stays)
    {
        DiskFaults.AtEveryStep(least: 20, stays,
            () =>
            {
                Prepare([1], keep: 0);
                _run!.SaveBest(At(1) with { ValidationLoss = 2 });
            },
            () => _run!.SaveBest(At(2) with { ValidationLoss = 1 }),
            failed =>
            {
                if (stays)
                    Reopen(mayBeEmpty: false);
                double loss = _run!.BestLoss!.Value;
                Assert.True(loss == 1 || failed.IsReported, $"{failed}: nothing was saved and nobody was told");
                Assert.Equal((failed, loss == 1 ? 2 : 1), (failed, Load(_run.BestPath)));
                if (stays)
                    AssertNoLeftovers(failed);
                _run.SaveBest(At(3) with { ValidationLoss = 0.5 });
                Assert.Equal((failed, 3), (failed, Load(_run.BestPath)));
                AssertNoLeftovers(failed);
            });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_end_of_a_run_is_noted_or_not_and_no_older_checkpoint_is_too_many(bool stays)
    {
        DiskFaults.AtEveryStep(least: 5, stays,
            () =>
            {
                Prepare([1, 2, 3], keep: 2);
                // As a save leaves it that was killed behind its commit, with one to keep.
                Directory.CreateDirectory(Path.Combine(Run, "checkpoints", "step-0"));
                File.WriteAllText(Path.Combine(Run, "checkpoints", "step-0", "training.json"), "{}");
            },
            () => _run!.Finish(0.5),
            failed =>
            {
                if (stays)
                    Reopen(mayBeEmpty: false);
                Assert.Equal((failed, 3), (failed, Load(Run)));
                Assert.True(_run!.Load<float>().Finished || failed.IsReported, $"{failed}: the end was not noted and nobody was told");
                _run.Finish(0.5);
                Assert.True(_run.Load<float>().Finished);
                Assert.Equal(["step-2"], OlderOf(Run));
                AssertNoLeftovers(failed);
            });
    }

    [Fact]
    public void A_flush_of_the_folder_that_fails_behind_the_commit_leaves_the_new_files_to_whoever_reads_next()
    {
        Prepare([1], keep: 0);
        bool isCommitted = false;
        Disk.Watch((step, path, isDone) =>
        {
            isCommitted |= step == DiskStep.Rename && isDone && path.EndsWith("training.json", StringComparison.Ordinal);
            if (isCommitted && step == DiskStep.FlushFolder)
                throw new IOException(DiskFaults.Message);
        });
        Assert.Throws<IOException>(() => _run!.Save(At(2)));
        Disk.Watch(null);
        Assert.Equal(4, Directory.GetFiles(Run, "*.partial").Length);
        _run!.Dispose();
        LoadedModel<float> model = ModelFolder.Load<float>(Run); // as sample does
        Assert.Equal(At(2).Model.Parameters.Values.Span.ToArray(), model.Model.Parameters.Values.Span.ToArray());
    }

    private void Prepare(int[] before, int keep)
    {
        _run?.Dispose();
        _turn++;
        _run = RunFolder.Create(Run);
        foreach (int step in before)
            _run.Save(At(step), keep);
    }

    /// <summary>As the next process finds the folder.</summary>
    private void Reopen(bool mayBeEmpty)
    {
        _run!.Dispose();
        _run = mayBeEmpty ? RunFolder.Create(Run, overwrite: true) : RunFolder.Open(Run);
    }

    private int StepInTrainingJson()
    {
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Run, "training.json")));
        return json.RootElement.GetProperty("step").GetInt32();
    }

    private static bool HasAllFilesOf(string path) => ((string[])["config.json", "model.safetensors", "optimizer.safetensors", "tokenizer.json"])
        .All(name => File.Exists(Path.Combine(path, name)) || File.Exists(Path.Combine(path, name + ".partial")));

    private static string[] OlderOf(string path) => Path.Combine(path, "checkpoints") is var older && Directory.Exists(older)
        ? [.. Directory.GetFileSystemEntries(older).Select(found => Path.GetFileName(found)).Order(StringComparer.Ordinal)]
        : [];

    private void AssertNoLeftovers(object failed) =>
        Assert.Equal((failed, ""), (failed, string.Join(' ', Directory.GetFileSystemEntries(Run, "*.partial", SearchOption.AllDirectories))));

    /// <summary>The step of a checkpoint, whose checksums are verified and whose numbers are those of the step.</summary>
    private static int Load(string path)
    {
        Checkpoint<float> found = CheckpointFolder.Read<float>(path);
        SmallCheckpoint.AssertSameNumbers(At(found.Step), found);
        return found.Step;
    }

    private static Checkpoint<float> At(int step) => SmallCheckpoint.At<float>(step, SmallCheckpoint.Options with { Keep = 1 });
}
