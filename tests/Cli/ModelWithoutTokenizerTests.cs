using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>llama2.c's model files carry no tokenizer: every verb that needs one is given it.</summary>
public sealed class ModelWithoutTokenizerTests : IDisposable
{
    private const string Text = "To be, or not to be: that is the question.\n";

    private readonly TemporaryFolder _folder = new();

    public ModelWithoutTokenizerTests()
    {
        _folder.Write("text.txt", string.Concat(Enumerable.Repeat(Text, 20)));
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText(Text);
        TokenizerFolder.Write(_folder.File("tokenizer"), tokenizer);
        Decoder<float> model = new(Llama.Config(new ModelSizes(tokenizer.VocabularySize, Context: 16, Layers: 1, Heads: 2, Width: 16)));
        model.Initialize(1);
        ModelFile.Save(_folder.File("llama.bin"), model);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_writes_the_same_text_as_a_file_as_a_folder_and_as_GGUF()
    {
        string[] greedy = ["--temperature", "0", "--prompt", "To be", "--tokens", "10"];
        string expected = Minigpt.Success(_folder.Root, ["sample", "--model", "llama.bin", "--tokenizer", "tokenizer", .. greedy]);
        foreach (string to in (string[])["folder", "llama.gguf"])
        {
            Minigpt.Success(_folder.Root, "convert", "--from", "llama.bin", "--to", to, "--tokenizer", "tokenizer");
            Assert.Equal(expected, Minigpt.Success(_folder.Root, ["sample", "--model", to, .. greedy]));
        }
        Assert.Contains("dropped: the tokenizer of ", // llama2.c's form has no room for it
            Minigpt.Success(_folder.Root, "convert", "--from", "llama.bin", "--to", "again.bin", "--tokenizer", "tokenizer"));
        Minigpt.Refusal(_folder.Root, 1, "folder has a tokenizer of its own", "convert", "--from", "folder", "--to", "other", "--tokenizer", "tokenizer");
        Minigpt.Refusal(_folder.Root, 1, "a tokenizer of 50257 tokens given", "convert", "--from", "llama.bin", "--to", "other", "--tokenizer", "gpt2");
    }

    [Fact]
    public void It_goes_on_learning_from_text()
    {
        string[] train = ["train", "--init-from", "llama.bin", "--data", "text.txt", "--steps", "2", "--eval-every", "0", "--out"];
        Minigpt.Success(_folder.Root, [.. train, "run", "--tokenizer", "tokenizer"]);
        Assert.NotNull(ModelFolder.Load<float>(_folder.File("run")).Tokenizer);
        Minigpt.Refusal(_folder.Root, 1, "no tokenizer: one that goes with it", [.. train, "other"]);
        Minigpt.Refusal(_folder.Root, 2, "gpt2 or a PATH expected", [.. train, "other", "--tokenizer", "char"]);
        Minigpt.Refusal(_folder.Root, 2, "has 50257 tokens, at most the", [.. train, "other", "--tokenizer", "gpt2"]);
    }
}
