using Xunit;

namespace MiniGpt.Tests.Cli;

public sealed class WrongInputTests : IDisposable
{
    private const int Failure = 1;
    private const int WrongUsage = 2;

    private static readonly string s_model = Fixtures.File("gpt2-tiny");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(WrongUsage, "--nonsense", "train", "--nonsense")]
    [InlineData(WrongUsage, "--nonsense", "train", "--data", "text.txt", "--nonsense")]
    [InlineData(WrongUsage, "dance", "dance")]
    [InlineData(WrongUsage, "'many'", "train", "--steps", "many")]
    [InlineData(WrongUsage, "'-3'", "train", "--layers", "-3")]
    [InlineData(WrongUsage, "'swish'", "train", "--activation", "swish")]
    [InlineData(WrongUsage, "3 heads", "train", "--width", "16", "--heads", "3")]
    [InlineData(WrongUsage, "dropout", "train", "--dropout", "1.5")]
    [InlineData(WrongUsage, "--overwrite", "train", "--overwrite")]
    [InlineData(WrongUsage, "--vocab-size", "train", "--data", "text.txt", "--vocab-size", "10")]
    [InlineData(WrongUsage, "--seed", "train", "--resume", "runs/tiny", "--seed", "1")]
    [InlineData(WrongUsage, "--depth and --preset are both given", "train", "--depth", "3", "--preset", "tiny")]
    [InlineData(WrongUsage, "--depth: '13' found", "train", "--depth", "13")]
    [InlineData(WrongUsage, "--task next expected, masked found", "train", "--depth", "3", "--task", "masked")]
    [InlineData(WrongUsage, "goes with Muon alone", "train", "--preset", "tiny", "--matrix-rate", "0.5")]
    [InlineData(WrongUsage, "goes with rotary positions alone", "train", "--preset", "tiny", "--rope-base", "500")]
    [InlineData(WrongUsage, "--type: 'char' found, one of bpe|unigram|wordpiece expected", "tokenize", "train", "--data", "text.txt", "--vocab-size", "300", "--out", "t", "--type", "char")]
    [InlineData(Failure, "missing.txt", "train", "--data", "missing.txt")]
    [InlineData(Failure, "empty.txt", "train", "--data", "empty.txt")]
    [InlineData(Failure, "context of 128", "train", "--data", "text.txt")]
    [InlineData(Failure, "nowhere", "train", "--resume", "nowhere")]
    [InlineData(WrongUsage, "--model", "sample")]
    [InlineData(Failure, "config.json", "sample", "--model", ".")]
    [InlineData(WrongUsage, "temperature", "sample", "--temperature", "-1")]
    [InlineData(WrongUsage, "top-p must be greater than 0 and at most 1, it is 1.5", "sample", "--top-p", "1.5")]
    [InlineData(WrongUsage, "min-p must be from 0 to 1, it is 2", "sample", "--min-p", "2")]
    [InlineData(WrongUsage, "repetition penalty must be greater than 0", "sample", "--repetition-penalty", "0")]
    [InlineData(WrongUsage, "--top-k: '0' found", "sample", "--top-k", "0")]
    [InlineData(WrongUsage, "--show-probabilities: '0' found", "sample", "--show-probabilities", "0")]
    [InlineData(WrongUsage, "stop text", "sample", "--stop", "")]
    [InlineData(WrongUsage, "--interactive does not go with --samples", "sample", "--interactive", "--samples", "2")]
    [InlineData(WrongUsage, "--prompt-ids", "sample", "--prompt-ids", "1,x")]
    [InlineData(WrongUsage, "one prompt", "sample", "--prompt", "a", "--prompt-ids", "1")]
    [InlineData(WrongUsage, "--vocab-size", "train", "--data", "text.txt", "--tokenizer", "bpe")]
    [InlineData(Failure, "nowhere", "train", "--data", "text.txt", "--tokenizer", "nowhere")]
    [InlineData(WrongUsage, " tokenize --help", "tokenize")]
    [InlineData(WrongUsage, " tokenize train --help", "tokenize", "train", "--data", "text.txt")]
    [InlineData(WrongUsage, "257", "tokenize", "train", "--data", "text.txt", "--vocab-size", "256", "--out", "t")]
    [InlineData(Failure, "missing.txt", "tokenize", "train", "--data", "missing.txt", "--vocab-size", "300", "--out", "t")]
    [InlineData(Failure, "nowhere", "tokenize", "encode", "--tokenizer", "nowhere", "text.txt")]
    [InlineData(Failure, "missing.txt", "tokenize", "encode", "--tokenizer", "gpt2", "missing.txt")]
    [InlineData(Failure, "'A' found in line 1", "tokenize", "decode", "--tokenizer", "gpt2", "text.txt")]
    [InlineData(Failure, "missing", "inspect", "missing")]
    [InlineData(WrongUsage, "--to", "convert", "--from", "text.txt")]
    [InlineData(WrongUsage, "the ending .ggfu found", "convert", "--from", "text.txt", "--to", "a.ggfu")]
    [InlineData(WrongUsage, "the ending .gguf2 found", "convert", "--from", "text.txt", "--to", "a.gguf2")]
    [InlineData(WrongUsage, "did you mean '.gguf'?", "convert", "--from", "text.txt", "--to", "a.ggfu")]
    [InlineData(WrongUsage, "'q4'", "convert", "--from", "text.txt", "--to", "a.gguf", "--type", "q4")]
    [InlineData(WrongUsage, "--type q8_0 does not go with --to folder", "convert", "--from", "text.txt", "--to", "folder", "--type", "q8_0")]
    [InlineData(Failure, "none of GGUF, llm.c and llama2.c", "convert", "--from", "text.txt", "--to", "a.gguf")]
    [InlineData(Failure, "text.bin is there already: --overwrite", "convert", "--from", "text.txt", "--to", "text.bin")]
    [InlineData(Failure, "the header of an llm.c or a llama2.c model expected", "inspect", "text.bin")]
    [InlineData(Failure, "the magic number GGUF expected", "sample", "--model", "text.gguf")]
    [InlineData(WrongUsage, "Nothing", "gradcheck", "Nothing")]
    [InlineData(Failure, "folder is a folder, a file expected", "tokenize", "encode", "--tokenizer", "gpt2", "folder")]
    [InlineData(WrongUsage, "--out text.txt is a file, a folder expected", "train", "--out", "text.txt")]
    [InlineData(WrongUsage, "--out text.txt is a file, a folder expected", "tokenize", "train", "--data", "text.txt", "--vocab-size", "300", "--out", "text.txt")]
    [InlineData(WrongUsage, "holds merges.txt already", "tokenize", "train", "--data", "text.txt", "--vocab-size", "300", "--out", "folder")]
    [InlineData(WrongUsage, "--out folder is a folder, the name of a page expected", "lesson", "mask", "--out", "folder")]
    [InlineData(WrongUsage, "--out goes with the NAME of a lesson, none is given", "lesson", "--out", "page.html")]
    [InlineData(WrongUsage, "--model goes with the NAME of a lesson, none is given", "lesson", "--model", "folder")]
    [InlineData(WrongUsage, "only one of them expected", "train", "--data", "text.txt", "--validation-data", "text.txt", "--validation-fraction", "0.2")]
    [InlineData(WrongUsage, "--out text.gguf would replace a file of text.gguf", "explain", "--model", "text.gguf", "--text", "A", "--out", "text.gguf")]
    [InlineData(WrongUsage, "--out folder/merges.txt would replace a file of folder", "compare", "folder", "--out", "folder/merges.txt")]
    public void A_wrong_command_line_is_one_line_that_names_what_is_wrong(int exitCode, string named, params string[] arguments)
    {
        _folder.Write("text.txt", "A text of a few words.");
        _folder.Write("text.bin", "A text of a few words.");
        _folder.Write("text.gguf", "A text of a few words.");
        _folder.Write("empty.txt", "");
        Directory.CreateDirectory(_folder.File("folder"));
        _folder.Write("folder/merges.txt", "kept");
        AssertOneLine(exitCode, named, arguments);
    }

    [Fact]
    public void A_model_without_a_tokenizer_says_to_use_ids()
    {
        AssertOneLine(WrongUsage, "--ids", "sample", "--model", s_model);
        AssertOneLine(WrongUsage, "--prompt-ids", "sample", "--model", s_model, "--ids", "--prompt", "a");
        AssertOneLine(Failure, "is a folder, a file expected", "sample", "--model", s_model, "--ids", "--prompt-file", s_model);
    }

    [Fact]
    public void A_pipe_is_no_model()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "there is no /dev/stdin");
        AssertOneLine(Failure, "is a pipe or a device, a file expected", "inspect", "/dev/stdin");
    }

    [Fact]
    public void A_model_that_a_form_cannot_hold_says_why()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat("吾輩は猫である。", 20)));
        Minigpt.Success(_folder.Root, "train", "--data", "text.txt", "--layers", "1", "--width", "8", "--heads", "1", "--context", "4",
            "--steps", "1", "--activation", "relu", "--preset", "tiny", "--out", "cat");
        AssertOneLine(Failure, "is 3 bytes in UTF-8", "convert", "--from", "cat", "--to", "cat.gguf");
        AssertOneLine(Failure, "the activation relu: llm.c computes gelu_new", "convert", "--from", "cat", "--to", "cat.bin");
    }

    [Fact]
    public void A_size_that_differs_from_that_of_the_model_to_start_from_is_refused()
    {
        AssertOneLine(WrongUsage, "--layers 3", "train", "--init-from", s_model, "--layers", "3");
        AssertOneLine(WrongUsage, "--context 17", "train", "--init-from", s_model, "--context", "17");
    }

    [Fact]
    public void Weights_that_do_not_fit_the_configuration_are_named_with_both_shapes()
    {
        string config = File.ReadAllText(Path.Combine(s_model, "config.json"));
        _folder.Write("config.json", config.Replace("\"n_embd\": 32", "\"n_embd\": 64"));
        File.Copy(Path.Combine(s_model, "model.safetensors"), _folder.File("model.safetensors"));
        string error = AssertOneLine(Failure, "wte.weight", "sample", "--model", ".", "--ids");
        Assert.Contains("[65, 32]", error);
        Assert.Contains("[65, 64]", error);
    }

    private string AssertOneLine(int exitCode, string named, params string[] arguments) =>
        Minigpt.Refusal(_folder.Root, exitCode, named, arguments);
}
