using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Tests.Model.Formats;
using Xunit;

namespace MiniGpt.Tests.Fuzz;

/// <summary>The files of tokenizers and of tokens, broken in 20,000 ways each. What is still read must also be able to encode and decode.</summary>
public sealed class TokenizerFuzzTests : IDisposable
{
    private static readonly byte[] s_text = Encoding.UTF8.GetBytes("the tests, a b <|endoftext|> 猫");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Broken_tokenizers_of_byte_pairs_are_read_or_refused() => AssertSafe("tokenizer.json", Train());

    [Fact]
    public void Broken_tokenizers_of_characters_and_words_are_read_or_refused() =>
        AssertSafe("tokenizer.json", CharacterTokenizer.FromText("abc\n猫🐈\""), WordTokenizer.FromText("a b\n猫 \"🐈\""));

    [Fact]
    public void Broken_tokenizers_of_pieces_are_read_or_refused()
    {
        UnigramTrainer unigram = new(Tokenizer.EndOfText);
        unigram.Add("the tests of the tests, the tests"u8, isFinalBlock: true);
        WordPieceTrainer wordPiece = new();
        wordPiece.Add("the tests of the tests, the tests"u8, isFinalBlock: true);
        AssertSafe("tokenizer.json", unigram.Train(270), wordPiece.Train(30),
            (Tokenizer)TokenizerFile.Read(_folder.Write("tok.bin", Llama2CTokenizerTests.Build())));
    }

    [Fact]
    public void Broken_vocabularies_are_read_or_refused() => AssertSafe("vocab.json", Train());

    [Fact]
    public void Broken_merges_are_read_or_refused() => AssertSafe("merges.txt", Train());

    [Fact]
    public void Broken_token_files_are_read_or_refused()
    {
        byte[] llmc = [.. BitConverter.GetBytes(20240520), 1, 0, 0, 0, 3, 0, 0, 0, .. new byte[1012], 1, 0, 2, 0, 3, 0];
        string text = _folder.Write("text.txt", "abcabc"), own = _folder.File("own.bin"), path = _folder.File("tokens.bin");
        using (TextCorpus corpus = TextCorpus.Open([text]))
            TextTokens.Write(own, corpus.Documents, CharacterTokenizer.FromText("abc"));
        Fuzzing.AssertSafe([File.ReadAllBytes(own), [1, 0, 2, 0], llmc], bytes =>
        {
            File.WriteAllBytes(path, bytes);
            using TokenFile file = TokenFile.Open(path);
            Assert.InRange(file.MaxId(), -1, int.MaxValue);
        });
    }

    public void Dispose() => _folder.Dispose();

    private static BytePairTokenizer Train()
    {
        BytePairTrainer trainer = new(Tokenizer.EndOfText);
        trainer.Add("the tests of the tests, the tests"u8);
        return trainer.Train(265);
    }

    private void AssertSafe(string name, params Tokenizer[] tokenizers)
    {
        string path = _folder.File(name);
        List<byte[]> seeds = [];
        foreach (Tokenizer tokenizer in tokenizers)
        {
            TokenizerFolder.Write(_folder.Root, tokenizer);
            seeds.Add(File.ReadAllBytes(path));
        }
        if (name != "tokenizer.json")
            File.Delete(_folder.File("tokenizer.json"));
        Fuzzing.AssertSafe(seeds, bytes =>
        {
            File.WriteAllBytes(path, bytes);
            ITokenizer tokenizer = TokenizerFolder.Read(_folder.Root, UnknownCharacter.Skip);
            try
            {
                tokenizer.DecodeBytes(tokenizer.EncodeUtf8(s_text));
            }
            catch (TextEncodingException error)
            {
                Assert.DoesNotContain('\n', error.Message); // a vocabulary without all bytes
            }
        });
    }
}
