using MiniGpt.Tests.Cli.Safety;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>train --config: options from a JSON file.</summary>
public sealed class ConfigFileTests : IDisposable
{
    private static readonly string[] s_written = ["model.safetensors", "optimizer.safetensors", "tokenizer.json", "config.json"];

    private readonly TemporaryFolder _folder = new();

    public ConfigFileTests() => SmallRun.WriteText(_folder);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_of_options_says_what_the_options_say_and_the_command_line_beats_it()
    {
        _folder.Write("small.json", """
            { "data": ["text.txt"], "layers": 1, "heads": 2, "width": 8, "context": 8, "batch_size": 2, "learning-rate": 2e-3,
              "optimizer": "adamw", "qk_norm": true, "window": null, "eval-every": 0, "steps": 7, "seed": 5 }
            """);
        Minigpt.Success(_folder.Root, "train", "--config=small.json", "--steps:3", "--seed=6", "--out", "filed");
        Minigpt.Success(_folder.Root, "train", "--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "8", "--context", "8", "--batch-size", "2",
            "--learning-rate", "2e-3", "--optimizer", "adamw", "--qk-norm", "--eval-every", "0", "--steps", "3", "--seed", "6", "--out", "written-out");
        AssertSame("written-out", "filed");
    }

    [Theory]
    [InlineData("--preset", "tiny")] // another architecture, another start and another optimizer than the default's
    [InlineData("--preset", "quick")]
    [InlineData("--tokenizer", "gpt2")] // a tokenizer that the options do not know
    public void What_a_run_wrote_down_trains_the_same_model_again(params string[] options)
    {
        string[] small = ["--layers", "1", "--heads", "2", "--width", "8", "--context", "8", "--batch-size", "2", "--eval-every", "0", "--steps", "3"];
        Minigpt.Success(_folder.Root, ["train", "--data", "text.txt", .. small, .. options, "--out", "first"]);
        Minigpt.Success(_folder.Root, "train", "--config", "first/training.json", "--out", "again");
        AssertSame("first", "again");
        Minigpt.Success(_folder.Root, "train", "--config", "first/training.json", "--steps", "4", "--out", "longer");
        Assert.Contains("\"step\":4", File.ReadAllText(_folder.File("longer/metrics.jsonl")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "stepz": 3 }""", 2, "options.json: 'stepz' found, the name of an option of train expected; did you mean '--steps'?")]
    [InlineData("""{ "steps": "many" }""", 2, "--steps: 'many' found, a whole number from 1 up expected")]
    [InlineData("""{ "steps": { "to": 3 } }""", 2, "options.json: a JSON object in 'steps' found")]
    [InlineData("""{ "steps": [3, 4] }""", 2, "options.json: a JSON array in 'steps' found")]
    [InlineData("""{ "config": "other.json" }""", 2, "'config' found, the name of an option of train expected")]
    [InlineData("[1]", 1, "options.json: a JSON array found, an object expected")]
    [InlineData("steps: 3", 1, "options.json")]
    [InlineData("""{ "options": { "steps": 3 } }""", 1, "options.json")] // no training.json, though it looks like one
    public void A_file_that_says_something_else_is_refused_in_one_line(string json, int exitCode, string named)
    {
        _folder.Write("options.json", json);
        string refusal = Minigpt.Refusal(_folder.Root, exitCode, named, "train", "--config", "options.json", "--out", "never");
        Assert.StartsWith("minigpt: ", refusal, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("never")));
    }

    [Fact]
    public void Options_of_a_run_go_with_no_other_model_and_a_file_that_is_not_there_is_named()
    {
        Minigpt.Success(_folder.Root, ["train", .. SmallRun.Model, "--steps", "1", "--out", "run"]);
        string refused = Minigpt.Refusal(_folder.Root, 2, "--preset does not go with --config", "train", "--config", "run/training.json", "--preset", "tiny");
        string missing = Minigpt.Refusal(_folder.Root, 1, "nowhere.json", "train", "--config", "nowhere.json");
        Assert.All([refused, missing], line => Assert.DoesNotContain("error of the program", line, StringComparison.Ordinal));
    }

    private void AssertSame(string expected, string actual)
    {
        foreach (string name in s_written)
            Assert.Equal(File.ReadAllBytes(_folder.File($"{expected}/{name}")), File.ReadAllBytes(_folder.File($"{actual}/{name}")));
    }
}
