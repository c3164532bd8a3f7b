using System.Text.Json;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>Encoders through the command line: trained on text, stopped and resumed, asked, and refused where they do not belong.</summary>
public sealed class MaskedTests : IDisposable
{
    private static readonly string[] s_small =
    [
        "--task", "masked", "--vocab-size", "120", "--layers", "1", "--heads", "2", "--width", "32", "--context", "24", "--batch-size", "8",
        "--schedule", "constant", "--dropout", "0.1", "--eval-every", "5",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("masked").FullName;

    [Theory]
    [InlineData()]
    [InlineData("--mask-words")]
    [InlineData("--architecture", "qwen3")]
    public void A_run_that_was_stopped_and_resumed_on_another_number_of_threads_writes_the_same_files(params string[] more)
    {
        Write("text.txt", Text());
        Minigpt.Success(_folder, ["train", "--data", "text.txt", "--steps", "20", "--threads", "1", "--out", "whole", .. s_small, .. more]);
        Minigpt.Success(_folder, ["train", "--data", "text.txt", "--steps", "10", "--threads", "2", "--out", "parts", .. s_small, .. more]);
        Minigpt.Success(_folder, "train", "--resume", "parts", "--steps", "20", "--threads", "2");
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors", "config.json", "tokenizer.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "whole", file)), File.ReadAllBytes(Path.Combine(_folder, "parts", file)));
        Assert.Contains(more.Contains("qwen3") ? "MiniGpt" : "BertForMaskedLM", File.ReadAllText(Path.Combine(_folder, "whole", "config.json")));

        using JsonDocument filled = JsonDocument.Parse(Minigpt.Success(
            _folder, "fill", "--model", "whole", "--text", "The [MASK] and the [MASK].", "--top", "7", "--json"));
        JsonElement[] masks = [.. filled.RootElement.GetProperty("masks").EnumerateArray()];
        Assert.Equal(2, masks.Length);
        Assert.All(masks, mask =>
        {
            double[] shares = [.. mask.EnumerateArray().Select(token => token.GetProperty("probability").GetDouble())];
            Assert.Equal(7, shares.Length);
            Assert.Equal(shares.OrderDescending(), shares);
            Assert.InRange(shares.Sum(), 0, 1);
        });
        using JsonDocument scored = JsonDocument.Parse(Minigpt.Success(_folder, "fill", "--model", "whole", "--score", "The king.", "--json"));
        Assert.InRange(scored.RootElement.GetProperty("pseudo_perplexity").GetDouble(), 1, 1e6);

        using JsonDocument embedded = JsonDocument.Parse(Minigpt.Success(_folder, "embed", "--model", "whole", "The king.", "the king.", "A day", "--json"));
        JsonElement[] cosines = [.. embedded.RootElement.GetProperty("cosines").EnumerateArray()];
        Assert.Equal(1, cosines[0][1].GetDouble(), 1e-5); // cases are lost in these tokens
        Assert.True(cosines[0][2].GetDouble() < 0.999);
        Assert.Equal(cosines[0][2].GetDouble(), cosines[2][0].GetDouble(), 1e-6);
        Assert.Equal(32, embedded.RootElement.GetProperty("embeddings")[0].GetProperty("vector").GetArrayLength());

        using JsonDocument evaluation = JsonDocument.Parse(Minigpt.Success(_folder, "eval", "--model", "whole", "--data", "text.txt", "--json"));
        Assert.InRange(evaluation.RootElement.GetProperty("first_ten").GetDouble(), evaluation.RootElement.GetProperty("first").GetDouble(), 1);
        Assert.False(evaluation.RootElement.TryGetProperty("first_ten_by_frequency", out _)); // what it learned from is not known
        using JsonDocument kept = JsonDocument.Parse(Minigpt.Success(_folder, "eval", "--model", "whole", "--json"));
        Assert.InRange(kept.RootElement.GetProperty("first_ten_by_frequency").GetDouble(), 0, 1);
        Assert.InRange(kept.RootElement.GetProperty("first_ten_by_neighbours").GetDouble(), 0, 1);
        // The number of the run itself, masked as in training.
        using JsonDocument last = JsonDocument.Parse(File.ReadLines(Path.Combine(_folder, "whole", "metrics.jsonl")).Last());
        Assert.Equal(last.RootElement.GetProperty("validation_loss").GetDouble(), kept.RootElement.GetProperty("validation_loss").GetDouble(), 1e-6);

        Minigpt.Refusal(_folder, 1, "minigpt.dll fill and embed are for it", "sample", "--model", "whole");
        Minigpt.Refusal(_folder, 1, "minigpt.dll fill and embed are for it", "translate", "--model", "whole", "one");
        Minigpt.Refusal(_folder, 1, "no [MASK] in the text", "fill", "--model", "whole", "--text", "The king.");
        Minigpt.Refusal(_folder, 1, "context of 24", "fill", "--model", "whole", "--text", $"[MASK] {string.Join(' ', Enumerable.Repeat("king", 30))}");
        Minigpt.Refusal(_folder, 2, "one or the other expected", "fill", "--model", "whole");
        Minigpt.Refusal(_folder, 2, "a score has no fillings", "fill", "--model", "whole", "--score", "king", "--top", "3");
    }

    [Fact]
    public void A_tokenizer_without_a_mask_is_refused_before_anything_is_written()
    {
        Write("text.txt", Text());
        Minigpt.Refusal(_folder, 1, "[MASK]", "train", "--task", "masked", "--tokenizer", "char", "--data", "text.txt", "--out", "run");
        Assert.False(Directory.Exists(Path.Combine(_folder, "run")));
    }

    [Fact]
    public void An_architecture_does_not_learn_the_task_of_another()
    {
        Minigpt.Refusal(_folder, 2, "does not learn the task", "train", "--architecture", "bert", "--task", "translate");
        Minigpt.Refusal(_folder, 2, "does not learn the task", "train", "--architecture", "marian", "--task", "next");
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Text() => string.Concat(Enumerable.Range(0, 120).Select(i =>
        $"The {(i % 3 == 0 ? "king" : "queen")} and the {(i % 2 == 0 ? "dog" : "cat")} were walking on day {i}.\n"));

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
