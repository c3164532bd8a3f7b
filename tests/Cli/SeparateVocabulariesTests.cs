using System.Text.Json;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>A translator each of whose languages has its own tokens, through the command line.</summary>
public sealed class SeparateVocabulariesTests : IDisposable
{
    private static readonly string[] s_small =
    [
        "--task", "translate", "--source-tokenizer", "bpe", "--vocab-size", "280", "--layers", "1", "--heads", "2", "--width", "32", "--context", "40",
        "--batch-size", "8", "--schedule", "constant", "--eval-every", "5", "--validation-fraction", "0.2",
    ];

    private readonly TemporaryFolder _folder = new();

    public SeparateVocabulariesTests() => _folder.Write("pairs.tsv", Pairs());

    [Fact]
    public void Each_language_is_read_and_written_with_its_own_tokenizer_by_every_verb()
    {
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--steps", "10", "--out", "run", .. s_small]);
        ITokenizer source = TokenizerJson.Read(_folder.File("run/source_tokenizer.json")), target = TokenizerJson.Read(_folder.File("run/tokenizer.json"));
        // Each has learned to join letters of its own language alone: a word of the other one costs it every byte.
        Assert.True(source.Encode("three").Length < 5 && source.Encode("犬と猫").Length == 9);
        Assert.True(target.Encode("犬と猫").Length < 9 && target.Encode("three").Length == 5);
        LoadedModel<float> model = ModelFile.Load<float>(_folder.File("run"));
        Assert.Equal((source.VocabularySize, target.VocabularySize), (model.Translator.SourceVocabularySize, model.Any.Config.VocabularySize));
        Assert.Equal((source.Hash, target.Hash), (model.SourceTokenizer!.Hash, model.Tokenizer!.Hash));

        using TranslationSearch<float> search = new(model.Translator.ForReading());
        SearchOptions options = new() { MostTokens = 12 };
        string expected = target.Decode(search.Translate([source.Encode("three four")], options)[0][0].Ids);
        Assert.Equal(expected, Minigpt.Success(_folder.Root, "translate", "--model", "run", "three four", "--tokens", "12").TrimEnd('\n'));

        using JsonDocument evaluation = JsonDocument.Parse(Minigpt.Success(_folder.Root, "eval", "--model", "run", "--data", "pairs.tsv", "--json"));
        long tokens = Pairs().Split('\n', StringSplitOptions.RemoveEmptyEntries).Sum(line => target.Encode(line.Split('\t')[1]).Length + 1L);
        Assert.Equal(tokens, evaluation.RootElement.GetProperty("tokens").GetInt64());

        Minigpt.Success(_folder.Root, "explain", "--model", "run", "--text", "three four", "--out", "page.html");
        string page = File.ReadAllText(_folder.File("page.html"));
        Assert.Contains("\"sourceTexts\":{", page, StringComparison.Ordinal);
        Assert.Contains($"\"sourceVocabularySize\":{source.VocabularySize}", page, StringComparison.Ordinal);

        Minigpt.Success(_folder.Root, "convert", "--from", "run", "--to", "copy");
        Assert.Equal(File.ReadAllBytes(_folder.File("run/source_tokenizer.json")), File.ReadAllBytes(_folder.File("copy/source_tokenizer.json")));
        Assert.Equal(expected, Minigpt.Success(_folder.Root, "translate", "--model", "copy", "three four", "--tokens", "12").TrimEnd('\n'));
        Minigpt.Success(_folder.Root, "train", "--init-from", "run", "--data", "pairs.tsv", "--steps", "2", "--batch-size", "8", "--out", "further");
        Assert.Equal(File.ReadAllBytes(_folder.File("run/source_tokenizer.json")), File.ReadAllBytes(_folder.File("further/source_tokenizer.json")));
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--target-tokenizer", "run", "--steps", "2", "--out", "again", .. s_small.Select(option => option == "bpe" ? "run" : option).Except(["--vocab-size", "280"])]);
        Assert.Equal(File.ReadAllBytes(_folder.File("run/source_tokenizer.json")), File.ReadAllBytes(_folder.File("again/source_tokenizer.json")));
    }

    [Fact]
    public void One_side_can_be_learned_in_another_way_than_the_other()
    {
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--steps", "2", "--target-tokenizer", "unigram", "--out", "mixed", .. s_small]);
        Assert.Equal("bpe", TokenizerJson.Read(_folder.File("mixed/source_tokenizer.json")).Kind);
        Assert.Equal("unigram", TokenizerJson.Read(_folder.File("mixed/tokenizer.json")).Kind);
        Minigpt.Success(_folder.Root, "train", "--config", "mixed/training.json", "--out", "again");
        Assert.Equal(File.ReadAllBytes(_folder.File("mixed/model.safetensors")), File.ReadAllBytes(_folder.File("again/model.safetensors")));
    }

    [Fact]
    public void A_run_that_was_stopped_and_resumed_writes_the_same_files()
    {
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--steps", "12", "--threads", "1", "--out", "whole", .. s_small]);
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--steps", "6", "--threads", "2", "--out", "parts", .. s_small]);
        Minigpt.Success(_folder.Root, "train", "--resume", "parts", "--steps", "12", "--threads", "2");
        foreach (string file in (string[])["model.safetensors", "optimizer.safetensors", "config.json", "tokenizer.json", "source_tokenizer.json"])
            Assert.Equal(File.ReadAllBytes(_folder.File($"whole/{file}")), File.ReadAllBytes(_folder.File($"parts/{file}")));
    }

    [Fact]
    public void What_does_not_go_together_is_refused_in_one_line()
    {
        Minigpt.Refusal(_folder.Root, 2, "goes with translation alone", "train", "--source-tokenizer", "bpe", "--data", "pairs.tsv");
        Minigpt.Refusal(_folder.Root, 2, "--tokenizer is for both languages", "train", "--task", "translate", "--target-tokenizer", "bpe", "--tokenizer", "unigram", "--data", "pairs.tsv");
        Minigpt.Refusal(_folder.Root, 1, "bpe or unigram expected, char found", "train", "--task", "translate", "--source-tokenizer", "char", "--data", "pairs.tsv");
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--steps", "2", "--out", "apart", .. s_small]);
        Minigpt.Success(_folder.Root, ["train", "--data", "pairs.tsv", "--steps", "2", "--out", "shared", .. s_small.Except(["--source-tokenizer", "bpe"])]);
        Assert.False(File.Exists(_folder.File("shared/source_tokenizer.json")));
        Minigpt.Refusal(_folder.Root, 2, "brings the tokenizers of its model", "train", "--init-from", "shared", "--source-tokenizer", "bpe", "--data", "pairs.tsv");
        File.Delete(_folder.File("apart/training.json"));
        File.Copy(_folder.File("apart/tokenizer.json"), _folder.File("shared/source_tokenizer.json"));
        File.Delete(_folder.File("apart/source_tokenizer.json"));
        Minigpt.Refusal(_folder.Root, 1, "no source_tokenizer.json found", "translate", "--model", "apart", "one");
    }

    public void Dispose() => _folder.Dispose();

    private static string Pairs()
    {
        string[] words = ["one", "two", "three", "four", "five"], others = ["犬と猫", "鳥が鳴く", "魚を見る", "馬に乗る", "牛は白い"];
        return string.Concat(Enumerable.Range(0, 60).Select(i =>
        {
            int[] said = [.. Enumerable.Range(0, 1 + i % 3).Select(place => (i + place * (1 + i / 7)) % words.Length)];
            return $"{string.Join(' ', said.Select(word => words[word]))}\t{string.Concat(said.Select(word => others[word]))}\n";
        }));
    }
}
