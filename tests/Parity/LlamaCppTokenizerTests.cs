using System.Text;
using LLama;
using LLama.Common;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tests.Architecture;
using MiniGpt.Tests.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Parity;

/// <summary>llama.cpp itself cuts the texts of this project into the tokens that we do, with the tokenizer of a GGUF file written here.</summary>
[Collection("Alone")]
public sealed class LlamaCppTokenizerTests : IDisposable
{
    private const int Longest = 20_000; // characters of a text

    private readonly TemporaryFolder _folder = new();

    static LlamaCppTokenizerTests() => QuietLlamaCpp.Begin();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Llama 3 with ignore_merges")]
    [InlineData("Llama 3")]
    [InlineData("Qwen 2")]
    [InlineData("SmolLM")]
    [InlineData("Llama")]
    [InlineData("Llama without a space before")]
    public void Tokenizers_of_others_cut_texts_alike(string name) =>
        AssertAlike(TokenizerJson.Read(_folder.Write("tokenizer.json", ReferenceIdsTests.Json(name))));

    [Fact]
    public void So_does_the_tokenizer_of_GPT2() => AssertAlike(Gpt2Tokenizer.Instance);

    [Fact]
    public void So_does_a_learned_byte_level_BPE()
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        foreach (string text in Texts())
            trainer.Add(Encoding.UTF8.GetBytes(text), isFinalBlock: true);
        AssertAlike(trainer.Train(600));
    }

    [Fact]
    public void So_does_a_learned_unigram_vocabulary()
    {
        UnigramTrainer trainer = new(Tokenizer.EndOfText);
        foreach (string text in Texts())
            trainer.Add(Encoding.UTF8.GetBytes(text), isFinalBlock: true);
        UnigramTokenizer tokenizer = trainer.Train(600);
        // llama.cpp has no bytes for what such a vocabulary lacks.
        AssertAlike(tokenizer, line => !tokenizer.Encode(line).Any(id => tokenizer.FileText(id).StartsWith("<0x", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Texts() =>
        ((string[])["data/tinyshakespeare.txt", "src/Tensors/Tensor.cs", "README.md", "docs/lessons.ja.md"])
        .Select(path => File.ReadAllText(Path.Combine(Sources.FindRoot(), path)))
        .Select(text => text[..Math.Min(text.Length, Longest)]);

    private void AssertAlike(ITokenizer tokenizer, Func<string, bool>? isCompared = null)
    {
        Decoder<float> model = new(Llama.Config(new ModelSizes(tokenizer.VocabularySize, Context: 8, Layers: 1, Heads: 1, Width: 8)));
        model.Initialize(1);
        string path = _folder.File("model.gguf");
        ModelFile.Save(path, model, tokenizer);
        using LLamaWeights theirs = LLamaWeights.LoadFromFile(new ModelParams(path) { VocabOnly = true });
        int compared = 0;
        foreach (string text in Texts())
        {
            // Line by line, so that a difference is seen where it is.
            string[] lines = [.. text.Split('\n').Append(text).Where(isCompared ?? (_ => true))];
            compared += lines.Length;
            foreach (string line in lines)
            {
                int[] expected = [.. theirs.Tokenize(line, add_bos: false, special: true, Encoding.UTF8).Select(token => (int)token)];
                Assert.True(expected.AsSpan().SequenceEqual(tokenizer.Encode(line)), Difference(line, expected, tokenizer));
            }
        }
        Assert.InRange(compared, 500, int.MaxValue);
    }

    private static string Difference(string text, int[] expected, ITokenizer tokenizer)
    {
        int[] found = tokenizer.Encode(text);
        int at = expected.Zip(found).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"'{(text.Length < 200 ? text : "the whole text")}': from token {at} on [{Pieces(expected)}] expected, [{Pieces(found)}] found";

        string Pieces(int[] ids) => string.Join("|", ids.Skip(at).Take(8).Select(tokenizer.TokenText));
    }
}
