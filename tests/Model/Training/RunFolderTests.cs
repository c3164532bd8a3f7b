using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Training;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class RunFolderTests : IDisposable
{
    private static readonly string[] s_renamed = ["optimizer.safetensors", "tokenizer.json", "config.json", "model.safetensors"];

    private readonly TemporaryFolder _folder = new();

    private RunFolder? _run;

    private string Run => _folder.File("run");

    [Fact]
    public void A_checkpoint_comes_back_whole_in_both_precisions()
    {
        ComesBack<float>();
        ComesBack<double>();

        void ComesBack<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            Create();
            Checkpoint<T> written = SmallCheckpoint.At<T>(250);
            _run!.Save(written);
            Checkpoint<T> read = _run!.Load<T>();
            Assert.Equal((250, 250 * 768L, "abc"), (read.Step, read.Tokens, read.DataHash));
            Assert.Equal(written.Options.ToJson(), read.Options.ToJson());
            Assert.Equal(written.Model.Config, read.Model.Config);
            Assert.Equal("ab", read.Tokenizer!.Decode([0, 1]));
            SmallCheckpoint.AssertSameNumbers(written, read);
        }
    }

    [Fact]
    public void Wherever_saving_stops_the_folder_has_the_old_checkpoint_or_the_new_one()
    {
        // A folder in the way of a file makes the operation fail that creates the file, or that renames it; moved out of the way again,
        // it leaves what a crash at this point leaves.
        foreach (string name in (string[])[.. s_renamed, "training.json"])
        {
            CheckStopAt(name + ".partial", stepAfter: 1);
            CheckStopAt(name, stepAfter: name == "training.json" ? 1 : 2);
        }
    }

    [Fact]
    public void The_first_checkpoint_is_there_once_it_is_committed()
    {
        foreach (string name in s_renamed)
        {
            Create();
            Directory.CreateDirectory(Path.Combine(Run, name));
            ThrowsIO(() => _run!.Save(SmallCheckpoint.At<float>(1)));
            Directory.Delete(Path.Combine(Run, name));
            AssertWhole(1);
        }
        Create();
        Directory.CreateDirectory(Path.Combine(Run, "training.json"));
        ThrowsIO(() => _run!.Save(SmallCheckpoint.At<float>(1)));
        Directory.Delete(Path.Combine(Run, "training.json"));
        Assert.Equal(["run.lock"], Directory.GetFileSystemEntries(Run).Select(Path.GetFileName));
        AssertRefused("no training.json found");
    }

    [Fact]
    public void Files_cut_off_while_they_were_written_leave_the_old_checkpoint()
    {
        Create();
        _run!.Save(SmallCheckpoint.At<float>(1));
        foreach (string name in (string[])[.. s_renamed, "training.json"])
            File.WriteAllText(Path.Combine(Run, name + ".partial"), "half");
        AssertWhole(1);
        _run!.Save(SmallCheckpoint.At<float>(2));
        AssertWhole(2);
        Assert.Equal(6, Directory.GetFiles(Run).Length);
    }

    [Fact]
    public void Saving_finishes_an_interrupted_checkpoint_before_it_writes_over_its_files()
    {
        CheckStopAt("model.safetensors", stepAfter: null);
        // The third attempt fails while it is written: the second must still be there.
        Directory.CreateDirectory(Path.Combine(Run, "training.json.partial"));
        ThrowsIO(() => _run!.Save(SmallCheckpoint.At<float>(3)));
        AssertWhole(2);
    }

    [Fact]
    public void A_file_that_is_not_the_one_that_was_written_is_refused()
    {
        Create();
        AssertRefused("no training.json found, the folder of a training run expected");
        _run!.Save(SmallCheckpoint.At<float>(1));
        string model = Path.Combine(Run, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(model);
        bytes[^1] ^= 1;
        File.WriteAllBytes(model, bytes);
        AssertRefused("the file was changed or damaged");
        File.Delete(model);
        AssertRefused("no such file");
    }

    [Theory]
    [InlineData("version", "2", "version 2 found, version 1 expected")]
    [InlineData("step", "-1", "step is -1, a whole number of at least 0 expected")]
    [InlineData("step", "3000000000", "step 3000000000 found")]
    [InlineData("tokens", "\"many\"", "tokens is \"many\"")]
    [InlineData("skipped_steps", "-1", "skipped_steps is -1")]
    [InlineData("finished", "1", "finished is 1, true or false expected")]
    [InlineData("validation_loss", "\"low\"", "validation_loss is \"low\", a number expected")]
    [InlineData("files", "{}", "there is no config.json")]
    [InlineData("files", """{"../secret":"0"}""", "a file '../secret' found")]
    [InlineData("options", """{"steps":0}""", "the number of steps must be positive")]
    [InlineData("options", """{"stpes":1}""", "stpes")]
    public void A_training_json_that_does_not_fit_is_refused(string key, string value, string reason)
    {
        Create();
        _run!.Save(SmallCheckpoint.At<float>(1));
        string path = Path.Combine(Run, "training.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
        AssertRefused(reason);
    }

    [Fact]
    public void A_new_run_takes_the_first_free_name_and_no_model_is_overwritten_unasked()
    {
        Assert.Equal(Run, RunFolder.ChooseNew(Run));
        Create();
        Assert.Equal(Run + "-2", RunFolder.ChooseNew(Run));
        Directory.CreateDirectory(Run + "-2");
        Assert.Equal(Run + "-3", RunFolder.ChooseNew(Run));

        _run!.Save(SmallCheckpoint.At<float>(1));
        _run.Dispose();
        Assert.True(Assert.Throws<OccupiedException>(() => RunFolder.Create(Run)).HasModel);
        _run = RunFolder.Open(Run);
        AssertWhole(1);
        _run.SaveBest(SmallCheckpoint.At<float>(1));
        _run.Save(SmallCheckpoint.At<float>(2), keep: 1);
        Create();
        Assert.Equal(["run.lock"], Directory.GetFiles(Run, "*", SearchOption.AllDirectories).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("encoder.json")]
    [InlineData("vocab.bpe")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("metrics.jsonl")]
    [InlineData("samples.jsonl")]
    [InlineData("report.html")]
    public void No_tokenizer_or_log_is_deleted_unasked(string name)
    {
        Directory.CreateDirectory(Run);
        string file = Path.Combine(Run, name);
        File.WriteAllText(file, "{}");
        Assert.EndsWith($"holds {name} already", Assert.Throws<OccupiedException>(() => RunFolder.Create(Run)).Message, StringComparison.Ordinal);
        Assert.Equal("{}", File.ReadAllText(file));
        Create();
        Assert.Equal(["run.lock"], Directory.GetFileSystemEntries(Run).Select(Path.GetFileName));
    }

    [Fact]
    public void A_new_run_that_never_begins_deletes_nothing_and_leaves_no_folder()
    {
        Create();
        _run!.Save(SmallCheckpoint.At<float>(1));
        _run.Dispose();
        RunFolder.Create(Run, overwrite: true).Dispose();
        _run = RunFolder.Open(Run);
        AssertWhole(1);

        RunFolder unused = RunFolder.Create(Run + "-2");
        unused.Dispose();
        unused.Dispose();
        Assert.False(Directory.Exists(Run + "-2"));
        using (RunFolder.Create(Run + "-3"))
            File.WriteAllText(Path.Combine(Run + "-3", "notes.txt"), "somebody's");
        Assert.Equal("somebody's", File.ReadAllText(Path.Combine(Run + "-3", "notes.txt")));
    }

    [Theory]
    [InlineData("part.safetensors", new[] { "other.safetensors", "run.lock" })]
    [InlineData("../outside.safetensors", new[] { "other.safetensors", "part.safetensors", "run.lock" })]
    public void Overwriting_deletes_an_index_and_the_shards_of_its_own_folder_only(string shard, string[] left)
    {
        Directory.CreateDirectory(Run);
        string outside = _folder.File("outside.safetensors");
        foreach (string file in (string[])[outside, Path.Combine(Run, "part.safetensors"), Path.Combine(Run, "other.safetensors")])
            File.WriteAllText(file, "");
        JsonObject index = new() { ["weight_map"] = new JsonObject { ["a"] = shard, ["b"] = shard } };
        File.WriteAllText(Path.Combine(Run, "model.safetensors.index.json"), index.ToJsonString());
        Create();
        Assert.Equal(left, Directory.GetFiles(Run).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.True(File.Exists(outside));
    }

    [Fact]
    public void A_damaged_best_checkpoint_counts_as_absent_is_told_of_and_is_replaced()
    {
        Create();
        _run!.SaveBest(SmallCheckpoint.At<float>(1) with { ValidationLoss = 1.5 });
        Assert.Null(_run.BestDamage);
        string state = Path.Combine(_run.BestPath, "training.json");
        File.WriteAllText(state, "half");
        File.WriteAllText(Path.Combine(_run.BestPath, "config.json.partial"), "half");
        Assert.Null(_run.BestLoss);
        Assert.Contains(state, _run.BestDamage!, StringComparison.Ordinal);
        _run.SaveBest(SmallCheckpoint.At<float>(2) with { ValidationLoss = 2.5 });
        Assert.Equal(2.5, _run.BestLoss);
        Assert.Null(_run.BestDamage);
    }

    [Fact]
    public void One_run_at_a_time_holds_a_folder()
    {
        Create();
        string create = Assert.Throws<IOException>(() => RunFolder.Create(Run)).Message;
        Assert.Contains("another training run", create, StringComparison.Ordinal);
        _run!.Save(SmallCheckpoint.At<float>(1));
        Assert.Equal(create, Assert.Throws<IOException>(() => RunFolder.Open(Run)).Message);
        _run.Dispose();
        using (RunFolder next = RunFolder.Open(Run))
            Assert.Equal(1, next.SavedStep);
    }

    [Fact]
    public void A_folder_that_holds_no_run_is_not_opened_and_nothing_is_left_in_it()
    {
        Directory.CreateDirectory(Run);
        Assert.Throws<FileFormatException>(() => RunFolder.Open(Run));
        Assert.Throws<FileFormatException>(() => RunFolder.Open(_folder.File("nowhere")));
        Assert.Empty(Directory.GetFileSystemEntries(Run));
    }

    [Theory]
    [InlineData(0, new int[0])]
    [InlineData(1, new[] { 30 })]
    [InlineData(3, new[] { 10, 20, 30 })]
    [InlineData(9, new[] { 9, 10, 20, 30 })]
    public void The_last_few_older_checkpoints_stay_and_each_is_whole(int keep, int[] expected)
    {
        Create();
        foreach (int step in (int[])[9, 10, 20, 30, 40])
            _run!.Save(SmallCheckpoint.At<float>(step), keep);
        string older = Path.Combine(Run, "checkpoints");
        int[] found = Directory.Exists(older) ? [.. Directory.GetDirectories(older).Select(StepOf).Order()] : [];
        Assert.Equal(expected, found);
        AssertWhole(40);
        foreach (int step in expected)
        {
            using RunFolder one = RunFolder.Open(Path.Combine(older, $"step-{step}"));
            AssertWhole(one, step);
        }

        static int StepOf(string path) => int.Parse(Path.GetFileName(path)["step-".Length..]);
    }

    [Fact]
    public void A_copy_that_was_cut_off_is_made_again()
    {
        Create();
        _run!.Save(SmallCheckpoint.At<float>(1));
        string partial = Path.Combine(Run, "checkpoints", "step-1.partial");
        Directory.CreateDirectory(partial);
        File.WriteAllText(Path.Combine(partial, "model.safetensors"), "half");
        _run.Save(SmallCheckpoint.At<float>(2), keep: 1);
        Assert.Equal(["step-1"], Directory.GetDirectories(Path.Combine(Run, "checkpoints")).Select(Path.GetFileName));
        using RunFolder older = RunFolder.Open(Path.Combine(Run, "checkpoints", "step-1"));
        AssertWhole(older, 1);
    }

    [Fact]
    public void The_best_checkpoint_is_kept_apart_with_its_loss()
    {
        Create();
        Assert.Null(_run!.BestLoss);
        _run.SaveBest(SmallCheckpoint.At<float>(1) with { ValidationLoss = 1.5 });
        _run.Save(SmallCheckpoint.At<float>(2));
        _run.Save(SmallCheckpoint.At<float>(3));
        Assert.Equal(1.5, _run.BestLoss);
        using RunFolder best = RunFolder.Open(_run.BestPath);
        AssertWhole(best, 1);
    }

    [Fact]
    public void A_finished_run_says_so_until_it_goes_on()
    {
        Create();
        _run!.Save(SmallCheckpoint.At<float>(1) with { SkippedSteps = 3 });
        Assert.True(_run.Load<float>() is { Finished: false, ValidationLoss: null, SkippedSteps: 3 });
        _run.Finish(0.75);
        Assert.True(_run.Load<float>() is { Finished: true, ValidationLoss: 0.75, SkippedSteps: 3, Step: 1 });
        _run.Save(SmallCheckpoint.At<float>(2));
        Assert.True(_run.Load<float>() is { Finished: false, ValidationLoss: null });
    }

    [Fact]
    public void A_model_is_read_from_a_folder_whose_save_was_killed_after_its_commit()
    {
        Create();
        Directory.CreateDirectory(Path.Combine(Run, "model.safetensors"));
        ThrowsIO(() => _run!.Save(SmallCheckpoint.At<float>(1)));
        Directory.Delete(Path.Combine(Run, "model.safetensors"));
        Assert.Throws<FileFormatException>(() => ModelFolder.Load<float>(Run)); // the run that holds the folder will rename it
        _run!.Dispose();
        Assert.Equal(SmallCheckpoint.At<float>(1).Model.Parameters.Values.Span.ToArray(), ModelFolder.Load<float>(Run).Model.Parameters.Values.Span.ToArray());
    }

    public void Dispose()
    {
        _run?.Dispose();
        _folder.Dispose();
    }

    private void Create()
    {
        _run?.Dispose();
        _run = RunFolder.Create(Run, overwrite: true);
        _run.Begin();
    }

    private void CheckStopAt(string name, int? stepAfter)
    {
        Create();
        _run!.Save(SmallCheckpoint.At<float>(1));
        string path = Path.Combine(Run, name), aside = _folder.File("aside");
        bool exists = File.Exists(path);
        if (exists)
            File.Move(path, aside);
        Directory.CreateDirectory(path);
        ThrowsIO(() => _run!.Save(SmallCheckpoint.At<float>(2)));
        Directory.Delete(path);
        if (exists)
            File.Move(aside, path);
        if (stepAfter is int step)
            AssertWhole(step);
    }

    private void AssertWhole(int step) => AssertWhole(_run!, step);

    private static void AssertWhole(RunFolder folder, int step)
    {
        Checkpoint<float> found = folder.Load<float>(), expected = SmallCheckpoint.At<float>(step);
        Assert.Equal(step, found.Step);
        SmallCheckpoint.AssertSameNumbers(expected, found);
    }

    private void AssertRefused(string reason) =>
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => _run!.Load<float>()).Message, StringComparison.Ordinal);

    /// <summary>What is in the way of a file is an IOException on one system and an UnauthorizedAccessException on another.</summary>
    private static void ThrowsIO(Action action) =>
        Assert.True(Record.Exception(action) is IOException or UnauthorizedAccessException);
}
