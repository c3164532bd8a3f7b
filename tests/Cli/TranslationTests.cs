using System.Text.Json;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>Translators through the command line: trained on pairs, stopped and resumed, asked, and refused where they do not belong.</summary>
public sealed class TranslationTests : IDisposable
{
    private static readonly string[] s_small =
    [
        "--task", "translate", "--vocab-size", "300", "--layers", "1", "--heads", "2", "--width", "32", "--context", "24", "--batch-size", "8",
        "--schedule", "constant", "--dropout", "0.1", "--label-smoothing", "0.1", "--eval-every", "5", "--validation-fraction", "0.2",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("translation").FullName;

    [Fact]
    public void A_run_that_was_stopped_and_resumed_on_another_number_of_threads_writes_the_same_files()
    {
        Write("pairs.tsv", Pairs());
        Minigpt.Success(_folder, ["train", "--data", "pairs.tsv", "--steps", "20", "--threads", "1", "--out", "whole", .. s_small]);
        Minigpt.Success(_folder, ["train", "--data", "pairs.tsv", "--steps", "10", "--threads", "2", "--out", "parts", .. s_small]);
        Minigpt.Success(_folder, "train", "--resume", "parts", "--steps", "20", "--threads", "2");
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors", "config.json", "tokenizer.json"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder, "whole", file)), File.ReadAllBytes(Path.Combine(_folder, "parts", file)));
        Assert.Contains("MarianMTModel", File.ReadAllText(Path.Combine(_folder, "whole", "config.json")));

        string argument = Minigpt.Success(_folder, "translate", "--model", "whole", "one two three", "two", "", "one", "--tokens", "12");
        Outcome lines = Minigpt.RunWithInput(_folder, "one two three\ntwo\n\none\n", "translate", "--model", "whole", "--tokens", "12");
        Assert.Equal(argument, lines.Output);
        Assert.Equal(4, argument.Count(character => character == '\n')); // an empty sentence has an empty line
        Write("lines.txt", "one two three\ntwo\n\none\n");
        Assert.Equal(argument, Minigpt.Success(_folder, "translate", "--model", "whole", "--file", "lines.txt", "--tokens", "12"));

        using JsonDocument beams = JsonDocument.Parse(Minigpt.Success(
            _folder, "translate", "--model", "whole", "one two", "--alternatives", "3", "--json", "--tokens", "12"));
        double[] scores = [.. beams.RootElement.GetProperty("translations").EnumerateArray().Select(found => found.GetProperty("score").GetDouble())];
        Assert.Equal(3, scores.Length);
        Assert.Equal(scores.OrderDescending(), scores);

        using JsonDocument evaluation = JsonDocument.Parse(Minigpt.Success(_folder, "eval", "--model", "whole", "--data", "pairs.tsv", "--json"));
        Assert.Equal(60, evaluation.RootElement.GetProperty("sentences").GetInt32());
        Assert.Equal(Math.Exp(evaluation.RootElement.GetProperty("loss").GetDouble()), evaluation.RootElement.GetProperty("perplexity").GetDouble(), 1e-9);
        Assert.StartsWith("nrefs:1|", evaluation.RootElement.GetProperty("bleu_signature").GetString());

        Write("marked.tsv", ">>fr<< one\tuno\n>>ja<< two\tdos\n>>fr<< two\tdos\n");
        using JsonDocument marked = JsonDocument.Parse(Minigpt.Success(_folder, "eval", "--model", "whole", "--data", "marked.tsv", "--json"));
        JsonElement[] languages = [.. marked.RootElement.GetProperty("languages").EnumerateArray()];
        Assert.Equal([("fr", 2), ("ja", 1)], languages.Select(language => (language.GetProperty("language").GetString()!, language.GetProperty("sentences").GetInt32())));
        Assert.Equal(marked.RootElement.GetProperty("exact").GetInt32(), languages.Sum(language => language.GetProperty("exact").GetInt32()));

        Assert.Contains("minigpt.dll translate is for it", Minigpt.Refusal(_folder, 1, "a model that translates", "sample", "--model", "whole"));
        Minigpt.Refusal(_folder, 1, "minigpt.dll translate is for it", "fill", "--model", "whole", "--text", "a [MASK]");
        // A fifth of the pairs was kept: the last twelve, on which the run has the loss that eval has.
        using JsonDocument kept = JsonDocument.Parse(Minigpt.Success(_folder, "eval", "--model", "whole", "--json"));
        Assert.Equal(12, kept.RootElement.GetProperty("sentences").GetInt32());
        Assert.Equal(LastValidationLoss("whole"), kept.RootElement.GetProperty("loss").GetDouble(), 1e-5);
        Write("kept.tsv", string.Concat(Pairs().Split('\n')[48..60].Select(line => $"{line}\n")));
        using JsonDocument given = JsonDocument.Parse(Minigpt.Success(_folder, "eval", "--model", "whole", "--data", "kept.tsv", "--json"));
        Assert.Equal(given.RootElement.GetRawText(), kept.RootElement.GetRawText());
        Minigpt.Success(_folder, "convert", "--from", "whole", "--to", "moved");
        Minigpt.Refusal(_folder, 2, "has not learned from the grammar", "eval", "--model", "moved");
        Minigpt.Refusal(_folder, 1, "there is no language 'de'", "translate", "--model", "whole", "--to", "de", "one");
        Minigpt.Refusal(_folder, 1, "context of 24", "translate", "--model", "whole", string.Join(' ', Enumerable.Repeat("zzz", 40)));
        Minigpt.Refusal(_folder, 1, "a folder holds it", "convert", "--from", "whole", "--to", "whole.gguf");
    }

    [Theory]
    [InlineData("one\tuno\nno tab\n", "line 2 has no tab")]
    [InlineData("one\tuno\n\tdos\n", "line 2 has an empty side")]
    [InlineData("one\tuno\none two three four five six seven eight nine ten one two three four five six seven eight nine ten eleven\tdos\n", "line 2 has a sentence of")]
    public void What_is_no_pair_is_refused_with_its_line(string text, string named)
    {
        Write("pairs.tsv", text);
        Minigpt.Refusal(_folder, 1, named, ["train", "--data", "pairs.tsv", "--out", "run", .. s_small]);
        Assert.False(Directory.Exists(Path.Combine(_folder, "run")));
    }

    [Fact]
    public void A_tokenizer_that_knows_no_tokens_of_its_own_is_refused()
    {
        Write("pairs.tsv", Pairs());
        Minigpt.Refusal(_folder, 1, "bpe or unigram expected, char found", "train", "--task", "translate", "--tokenizer", "char", "--data", "pairs.tsv");
        Assert.False(Directory.Exists(Path.Combine(_folder, "runs")));
    }

    [Fact]
    public void A_decoder_is_refused_by_the_verbs_of_the_others()
    {
        string model = Fixtures.File("gpt2-tiny");
        Minigpt.Refusal(_folder, 2, "--beam goes with a model that translates", "eval", "--model", model, "--data", "x.bin", "--beam", "2");
        Minigpt.Refusal(_folder, 2, "random order", "train", "--task", "translate", "--batches", "sequential");
        Minigpt.Refusal(_folder, 1, "minigpt.dll sample is for it", "translate", "--model", model, "one");
        Minigpt.Refusal(_folder, 1, "minigpt.dll sample is for it", "fill", "--model", model, "--text", "a [MASK]");
        Assert.Contains("an encoder", Minigpt.Refusal(_folder, 1, "minigpt.dll sample is for it", "embed", "--model", model, "one"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Pairs()
    {
        string[] words = ["one", "two", "three", "four", "five"], others = ["uno", "dos", "tres", "cuatro", "cinco"];
        return string.Concat(Enumerable.Range(0, 60).Select(i =>
        {
            int[] said = [.. Enumerable.Range(0, 1 + i % 6).Select(place => (i + place * (1 + i / 7)) % words.Length)];
            return $"{string.Join(' ', said.Select(word => words[word]))}\t{string.Join(' ', said.Select(word => others[word]))}\n";
        }));
    }

    private double LastValidationLoss(string run) => JsonDocument.Parse(File.ReadLines(Path.Combine(_folder, run, "metrics.jsonl")).Last())
        .RootElement.GetProperty("validation_loss").GetDouble();

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
