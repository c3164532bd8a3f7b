using System.Numerics;
using System.Text.Json.Nodes;
using MiniGpt.Model;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Training;

public sealed class RunFolderTests : IDisposable
{
    private static readonly string[] s_renamed = ["optimizer.safetensors", "tokenizer.json", "config.json", "model.safetensors"];

    private readonly TemporaryFolder _folder = new();

    private string Run => _folder.File("run");

    [Fact]
    public void A_checkpoint_comes_back_whole_in_both_precisions()
    {
        ComesBack<float>();
        ComesBack<double>();

        void ComesBack<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            RunFolder.Create(Run, overwrite: true);
            Checkpoint<T> written = At<T>(250);
            RunFolder.Save(Run, written);
            Checkpoint<T> read = RunFolder.Load<T>(Run);
            Assert.Equal((250, 250 * 768L, "abc"), (read.Step, read.Tokens, read.DataHash));
            Assert.Equal(written.Options.ToJson(), read.Options.ToJson());
            Assert.Equal(written.Gpt.Config, read.Gpt.Config);
            Assert.Equal("ab", read.Tokenizer!.Decode([0, 1]));
            Assert.Equal(written.Gpt.Parameters.Values.Span.ToArray(), read.Gpt.Parameters.Values.Span.ToArray());
            for (int i = 0; i < read.Gpt.Parameters.All.Count; i++)
            {
                Assert.Equal(Part(written, written.FirstMoment, i), Part(read, read.FirstMoment, i));
                Assert.Equal(Part(written, written.SecondMoment, i), Part(read, read.SecondMoment, i));
            }
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
            RunFolder.Create(Run, overwrite: true);
            Directory.CreateDirectory(Path.Combine(Run, name));
            ThrowsIO(() => RunFolder.Save(Run, At<float>(1)));
            Directory.Delete(Path.Combine(Run, name));
            AssertWhole(1);
        }
        RunFolder.Create(Run, overwrite: true);
        Directory.CreateDirectory(Path.Combine(Run, "training.json"));
        ThrowsIO(() => RunFolder.Save(Run, At<float>(1)));
        Directory.Delete(Path.Combine(Run, "training.json"));
        Assert.Empty(Directory.GetFileSystemEntries(Run));
        AssertRefused("no training.json found");
    }

    [Fact]
    public void Files_cut_off_while_they_were_written_leave_the_old_checkpoint()
    {
        RunFolder.Create(Run);
        RunFolder.Save(Run, At<float>(1));
        foreach (string name in (string[])[.. s_renamed, "training.json"])
            File.WriteAllText(Path.Combine(Run, name + ".partial"), "half");
        AssertWhole(1);
        RunFolder.Save(Run, At<float>(2));
        AssertWhole(2);
        Assert.Equal(5, Directory.GetFiles(Run).Length);
    }

    [Fact]
    public void Saving_finishes_an_interrupted_checkpoint_before_it_writes_over_its_files()
    {
        CheckStopAt("model.safetensors", stepAfter: null);
        // The third attempt fails while it is written: the second must still be there.
        Directory.CreateDirectory(Path.Combine(Run, "training.json.partial"));
        ThrowsIO(() => RunFolder.Save(Run, At<float>(3)));
        AssertWhole(2);
    }

    [Fact]
    public void A_file_that_is_not_the_one_that_was_written_is_refused()
    {
        RunFolder.Create(Run);
        AssertRefused("no training.json found, the folder of a training run expected");
        RunFolder.Save(Run, At<float>(1));
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
    [InlineData("files", "{}", "there is no config.json")]
    [InlineData("files", """{"../secret":"0"}""", "a file '../secret' found")]
    [InlineData("options", """{"steps":0}""", "the number of steps must be positive")]
    [InlineData("options", """{"stpes":1}""", "stpes")]
    public void A_training_json_that_does_not_fit_is_refused(string key, string value, string reason)
    {
        RunFolder.Create(Run);
        RunFolder.Save(Run, At<float>(1));
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
        RunFolder.Create(Run);
        Assert.Equal(Run + "-2", RunFolder.ChooseNew(Run));
        RunFolder.Create(Run + "-2");
        Assert.Equal(Run + "-3", RunFolder.ChooseNew(Run));

        RunFolder.Create(Run);
        RunFolder.Save(Run, At<float>(1));
        string message = Assert.Throws<ArgumentException>(() => RunFolder.Create(Run)).Message;
        Assert.Contains("--resume", message, StringComparison.Ordinal);
        Assert.Contains("--overwrite", message, StringComparison.Ordinal);
        AssertWhole(1);
        RunFolder.Create(Run, overwrite: true);
        Assert.Empty(Directory.GetFiles(Run));
    }

    public void Dispose() => _folder.Dispose();

    private void CheckStopAt(string name, int? stepAfter)
    {
        RunFolder.Create(Run, overwrite: true);
        RunFolder.Save(Run, At<float>(1));
        string path = Path.Combine(Run, name), aside = _folder.File("aside");
        bool exists = File.Exists(path);
        if (exists)
            File.Move(path, aside);
        Directory.CreateDirectory(path);
        ThrowsIO(() => RunFolder.Save(Run, At<float>(2)));
        Directory.Delete(path);
        if (exists)
            File.Move(aside, path);
        if (stepAfter is int step)
            AssertWhole(step);
    }

    private void AssertWhole(int step)
    {
        Checkpoint<float> found = RunFolder.Load<float>(Run), expected = At<float>(step);
        Assert.Equal(step, found.Step);
        Assert.Equal(expected.Gpt.Parameters.Values.Span.ToArray(), found.Gpt.Parameters.Values.Span.ToArray());
        Assert.Equal(Part(expected, expected.SecondMoment, 0), Part(found, found.SecondMoment, 0));
    }

    private void AssertRefused(string reason) =>
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => RunFolder.Load<float>(Run)).Message, StringComparison.Ordinal);

    /// <summary>What is in the way of a file is an IOException on one system and an UnauthorizedAccessException on another.</summary>
    private static void ThrowsIO(Action action) =>
        Assert.True(Record.Exception(action) is IOException or UnauthorizedAccessException);

    private static T[] Part<T>(Checkpoint<T> checkpoint, Tensor<T> moments, int index)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => checkpoint.Gpt.Parameters.PartOf(moments, index).Span.ToArray();

    /// <summary>A checkpoint of which every number depends on the step.</summary>
    private static Checkpoint<T> At<T>(int step) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TrainingOptions options = new() { Layers = 1, Heads = 2, Width = 8, Context = 4, Dropout = 0.25, Data = ["a.txt"] };
        Gpt<T> gpt = new(options.ToConfig(2));
        gpt.Initialize((ulong)step);
        Tensor<T> first = new(gpt.Parameters.Values.Shape), second = new(first.Shape);
        first.Span.Fill(T.CreateChecked(step));
        second.Span.Fill(T.CreateChecked(step * step));
        return new Checkpoint<T>
        {
            Options = options,
            Step = step,
            Tokens = step * 768L,
            DataHash = "abc",
            Gpt = gpt,
            Tokenizer = CharacterTokenizer.FromText("ab"),
            FirstMoment = first,
            SecondMoment = second,
        };
    }
}
