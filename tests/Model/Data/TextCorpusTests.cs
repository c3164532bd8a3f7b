using System.Security.Cryptography;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using Xunit;
using static MiniGpt.Tests.Model.Data.TextRanges;

namespace MiniGpt.Tests.Model.Data;

public sealed class TextCorpusTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Files_folders_and_standard_input_are_read_in_order()
    {
        Directory.CreateDirectory(_folder.File("books/inner"));
        _folder.Write("books/b.txt", "b");
        _folder.Write("books/Z.txt", "Z");
        _folder.Write("books/inner/c.md", "猫");
        _folder.Write("books/picture.png", "no text");
        string last = _folder.Write("last", "\uFEFFend\r\n");
        using MemoryStream input = new("input "u8.ToArray());
        string kept;
        using (TextCorpus corpus = TextCorpus.Open([TextSource.StandardInput, _folder.File("books"), last], input))
        {
            Assert.Equal(["input ", "Z", "b", "猫", "end\r\n"], corpus.Documents.Select(Text)); // the mark is dropped, line ends stay
            Assert.Equal((16, 14, 0), (corpus.Bytes, corpus.Characters, corpus.InvalidSequences));
            kept = corpus.Documents[0].Path;
        }
        Assert.False(File.Exists(kept), "what was kept of standard input is still there");
    }

    [Fact]
    public void The_hash_is_that_of_the_content_and_knows_where_documents_end()
    {
        string one = _folder.Write("one.txt", "ab"), two = _folder.Write("two.txt", "c"), marked = _folder.Write("marked.txt", "\uFEFFab");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData("ab"u8)), HashOf(one));
        Assert.Equal(HashOf(one), HashOf(marked));
        Assert.NotEqual(HashOf(one, two), HashOf(_folder.Write("a.txt", "a"), _folder.Write("bc.txt", "bc")));
    }

    [Fact]
    public void Byte_sequences_that_are_no_UTF8_are_counted_as_the_characters_that_a_decoder_makes_of_them()
    {
        // Python: len(b"...".decode("utf-8", "replace")). The U+FFFD that the text itself holds is valid.
        byte[] bytes = [.. "a"u8, 0xFF, .. "b"u8, 0xE7, 0x8C, .. "c"u8, 0xED, 0xA0, 0x80, .. "\uFFFD"u8, 0xE7];
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("broken.txt", bytes)]);
        Assert.Equal((10, 6), (corpus.Characters, corpus.InvalidSequences));
        CharacterTokenizer characters = TokenizerLearner.Characters(corpus.Documents, UnknownCharacter.Error);
        Assert.Equal("a\uFFFDb\uFFFDc\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD", characters.Decode(Ids(TextTokens.InMemory(corpus.Documents, characters))));
        Assert.Equal(bytes, Gpt2Tokenizer.Instance.DecodeBytes(Ids(TextTokens.InMemory(corpus.Documents, Gpt2Tokenizer.Instance))));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.999)]
    public void A_text_of_several_blocks_is_split_by_its_characters(double fraction)
    {
        string text = string.Concat(Enumerable.Repeat("猫x🐈é", 600_000)); // 6 MB: blocks end within characters
        string[] files = [_folder.Write("a.txt", text), _folder.Write("b.txt", "🐈" + text)];
        using TextCorpus corpus = TextCorpus.Open(files);
        Assert.Equal(4_800_001, corpus.Characters);
        (IReadOnlyList<TextRange> train, IReadOnlyList<TextRange> validation) = corpus.Split(fraction);
        string first = string.Concat(train.Select(Text)), second = string.Concat(validation.Select(Text));
        Assert.Equal((long)((1 - fraction) * 4_800_001), first.EnumerateRunes().Count());
        Assert.True(text + "🐈" + text == first + second, "the parts are not the whole");
    }

    [Fact]
    public void The_split_of_Shakespeare_is_the_one_of_nanoGPT()
    {
        using TextCorpus corpus = TextCorpus.Open([Path.Combine(AppContext.BaseDirectory, "data", "tinyshakespeare.txt")]);
        // "train has 1,003,854 tokens", nanoGPT's prepare.py
        Assert.Equal(1_003_854, Assert.Single(corpus.Split(0.1).Train).End);
        Assert.Empty(corpus.Split(0).Validation);
        Assert.Throws<ArgumentException>(() => corpus.Split(1));
        Assert.Throws<ArgumentException>(() => corpus.Split(-0.1));
    }

    [Fact]
    public void What_is_no_text_is_refused()
    {
        string text = _folder.Write("text.txt", "text");
        Directory.CreateDirectory(_folder.File("none"));
        Assert.Throws<FileNotFoundException>(() => HashOf(_folder.File("missing.txt")));
        Assert.Throws<FileFormatException>(() => HashOf(_folder.Write("empty.txt", "")));
        Assert.Throws<FileFormatException>(() => HashOf(_folder.Write("mark.txt", [0xEF, 0xBB, 0xBF])));
        Assert.Throws<FileFormatException>(() => HashOf(_folder.File("none")));
        Assert.Throws<ArgumentException>(() => HashOf(text, text));
        Assert.Throws<ArgumentException>(() => HashOf(text, Path.Combine(_folder.Root, ".", "text.txt")));
        Assert.Throws<ArgumentException>(() => HashOf(text, _folder.Write("tokens.bin", "ab")));
        Assert.Throws<ArgumentException>(() => HashOf(TextSource.StandardInput));
    }

    public void Dispose() => _folder.Dispose();

    private static string HashOf(params string[] files)
    {
        using TextCorpus corpus = TextCorpus.Open(files);
        return corpus.Hash;
    }

    private static int[] Ids(TokenSource tokens)
    {
        int[] ids = new int[tokens.Length];
        tokens.Read(0, ids);
        return ids;
    }
}
