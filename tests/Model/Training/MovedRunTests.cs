using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Simd;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

/// <summary>Runs whose folder, or whose data, is not where it was.</summary>
public sealed class MovedRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private RunFolder? _run;

    private string Project => _folder.File("project");

    private string Run => Path.Combine(Project, "runs", "one");

    public MovedRunTests() => Directory.CreateDirectory(Project);

    public void Dispose()
    {
        _run?.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("")]
    [InlineData("best")]
    [InlineData("checkpoints/step-1")]
    public void The_data_of_a_project_that_was_moved_is_found_from_each_of_its_checkpoints(string checkpoint)
    {
        string elsewhere = _folder.Write("elsewhere.txt", "x");
        Directory.CreateDirectory(Path.Combine(Project, "texts"));
        foreach (string name in (string[])["texts/a.txt", "validation.txt"])
            File.WriteAllText(Path.Combine(Project, name), "text");
        string[] data = [Path.Combine(Project, "texts", "a.txt"), "-", elsewhere];
        Save(1, data, Path.Combine(Project, "validation.txt"));
        Save(2, data, Path.Combine(Project, "validation.txt"), keep: 1);
        _run!.SaveBest(At(2, data, Path.Combine(Project, "validation.txt")) with { ValidationLoss = 1 });
        _run.Dispose();

        string moved = _folder.File("moved");
        Directory.Move(Project, moved);
        using RunFolder folder = RunFolder.Open(Path.Combine(moved, "runs", "one", checkpoint));
        TrainingOptions options = folder.ReadOptions();
        Assert.Equal([Path.Combine(moved, "texts", "a.txt"), "-", elsewhere], options.Data);
        Assert.Equal(Path.Combine(moved, "validation.txt"), options.ValidationData);

        // A path that leads to something is left alone, and one that leads nowhere either way as well.
        Directory.CreateDirectory(Path.Combine(Project, "texts"));
        File.WriteAllText(data[0], "again");
        File.Delete(Path.Combine(moved, "validation.txt"));
        Assert.Equal(data, folder.ReadOptions().Data);
        Assert.Equal(Path.Combine(Project, "validation.txt"), folder.ReadOptions().ValidationData);
    }

    [Theory]
    [InlineData("data_from_here", "[]")]
    [InlineData("validation_data_from_here", "{}")]
    public void Paths_that_are_empty_are_none(string key, string value)
    {
        SaveWith(key, value);
        Assert.Equal(1, _run!.SavedStep);
    }

    [Theory]
    [InlineData("data_from_here", """["a","b"]""")]
    [InlineData("data_from_here", "[1]")]
    [InlineData("validation_data_from_here", "3")]
    [InlineData("vector_bits", "\"wide\"")]
    public void Paths_and_widths_that_do_not_fit_are_refused_by_their_key(string key, string value)
    {
        SaveWith(key, value);
        Assert.Contains(key, Assert.Throws<FileFormatException>(() => _run!.SavedStep).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_knows_how_wide_vectors_were()
    {
        Save(1, ["a.txt"]);
        Assert.Equal(VectorWidth.Bits, _run!.Load<float>().VectorBits);
        string path = Path.Combine(Run, "training.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        Assert.True(json.Remove("vector_bits"));
        Assert.True(json.Remove("data_from_here"));
        File.WriteAllText(path, json.ToJsonString()); // as it was written before
        Assert.Null(_run.Load<float>().VectorBits);
    }

    [Fact]
    public void A_run_whose_folder_was_moved_away_saves_nothing_into_the_one_that_came_into_its_place()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows moves no folder in which a file is open");
        Save(1, ["a.txt"]);
        Directory.Move(Run, Run + "-old");
        using (RunFolder successor = RunFolder.Create(Run))
        {
            successor.Save(At(7, ["a.txt"]));
            AssertRefused();
        }
        AssertRefused();
        Assert.Equal(7, CheckpointFolder.ReadState(Run).Step);
        Assert.False(Directory.Exists(Path.Combine(Run, "best")));

        Directory.Move(Run, Run + "-new");
        AssertRefused();
        Directory.Move(Run + "-old", Run); // back in its place, it goes on
        Save(2, ["a.txt"]);
        Assert.Equal(2, _run!.SavedStep);

        void AssertRefused()
        {
            foreach (Action write in (Action[])[() => Save(2, ["a.txt"]), () => _run!.SaveBest(At(2, ["a.txt"])), () => _run!.Finish(1)])
                Assert.Contains("it was moved or replaced", Assert.Throws<IOException>(write).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_file_of_the_lock_can_be_deleted_but_not_be_a_link_or_a_pipe()
    {
        Save(1, ["a.txt"]);
        File.Delete(Path.Combine(Run, "run.lock"));
        Save(2, ["a.txt"]);
        _run!.Dispose();
        string precious = _folder.Write("precious", "kept");
        File.CreateSymbolicLink(Path.Combine(Run, "run.lock"), precious);
        Assert.Contains("run.lock is a link, a file expected", Assert.Throws<IOException>(() => RunFolder.Open(Run)).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(Run, "run.lock"));
        SpecialFiles.MakePipe(Path.Combine(Run, "run.lock"));
        Assert.Contains("is a pipe or a device", Assert.Throws<IOException>(() => RunFolder.Open(Run)).Message, StringComparison.Ordinal);
        Assert.Equal("kept", File.ReadAllText(precious));
    }

    private void Save(int step, string[] data, string? validation = null, int keep = 0)
    {
        _run ??= RunFolder.Create(Run);
        _run.Save(At(step, data, validation), keep);
    }

    private void SaveWith(string key, string value)
    {
        Save(1, ["a.txt"]);
        string path = Path.Combine(Run, "training.json");
        JsonNode json = JsonNode.Parse(File.ReadAllText(path))!;
        json[key] = JsonNode.Parse(value);
        File.WriteAllText(path, json.ToJsonString());
    }

    private static Checkpoint<float> At(int step, string[] data, string? validation = null) =>
        SmallCheckpoint.At<float>(step, SmallCheckpoint.Options with { Data = data, ValidationData = validation });
}
