using MiniGpt.Model.Architectures;
using MiniGpt.Model.Files;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tests.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Formats;

public sealed class GgufTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("Llama 3 with ignore_merges", "llama-bpe")]
    [InlineData("Llama 3", "smaug-bpe")]
    [InlineData("Qwen 2", "qwen2")]
    [InlineData("SmolLM", "smollm")]
    [InlineData("Llama", "llama")]
    [InlineData("Llama without a space before", "llama")]
    [InlineData("BERT uncased", "bert")]
    public void A_tokenizer_comes_back_under_the_name_of_what_it_does(string name, string written)
    {
        ITokenizer original = Read(name);
        string path = Save(original);
        ITokenizer there = TokenizerFile.Read(path);
        ReferenceIdsTests.AssertIds(there, name);
        Assert.Equal(original.Ends.Before, there.Ends.Before);
        Assert.Equal(original.Ends.Behind, there.Ends.Behind);
        Assert.True(File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(written)) >= 0, $"{written} is not in the file");
    }

    [Theory]
    [InlineData("digits in a row", "Digits")]
    [InlineData("letters alone", "\\p{L}")]
    [InlineData("a space before", "add_prefix_space")]
    [InlineData("Metaspace first", "a space before every text or before none expected")]
    [InlineData("BERT cased", "letters always become lower case")]
    public void A_tokenizer_that_has_no_form_is_refused_by_what_it_does(string name, string reason) =>
        Assert.Contains(reason, Assert.Throws<ArgumentException>(() => Save(Read(name))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_learned_unigram_vocabulary_comes_back()
    {
        UnigramTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add("the text of the tests, the text of the tests\nthe text"u8, isFinalBlock: true);
        UnigramTokenizer original = trainer.Train(275);
        ITokenizer there = TokenizerFile.Read(Save(original));
        Assert.Equal("unigram", there.Kind);
        Assert.Equal(original.Encode("the tests of  texts\n 猫<|endoftext|>the"), there.Encode("the tests of  texts\n 猫<|endoftext|>the"));
    }

    [Fact]
    public void A_tokenizer_of_llama2c_comes_back_with_its_scores()
    {
        ITokenizer original = TokenizerFile.Read(_folder.Write("tok.bin", Llama2CTokenizerTests.Build()));
        ITokenizer there = TokenizerFile.Read(Save(original));
        Assert.Equal(original.Hash, there.Hash);
        TokenizerFolder.Write(_folder.File("folder"), original);
        Assert.Equal(original.Encode("ab abc\n cab"), TokenizerFolder.Read(_folder.File("folder")).Encode("ab abc\n cab"));
    }

    [Fact]
    public void A_GGUF_file_without_a_tokenizer_says_so()
    {
        ModelFile.Save(_folder.File("a.gguf"), new Decoder<float>(Gpt2.Config(2, 1, 1, 1, 1)));
        Assert.Contains("without a tokenizer", Assert.Throws<FileFormatException>(() => TokenizerFile.Read(_folder.File("a.gguf"))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private ITokenizer Read(string name) => TokenizerJson.Read(_folder.Write("tokenizer.json", ReferenceIdsTests.Json(name)));

    private string Save(ITokenizer tokenizer)
    {
        TransformerConfig config = Gpt2.Config(tokenizer.VocabularySize + 1, 1, 1, 1, 1);
        ModelFile.Save(_folder.File("a.gguf"), new Decoder<float>(config), tokenizer);
        return _folder.File("a.gguf");
    }
}
