using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public sealed class TextTokensTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds => ["char", "word", "bpe"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_text_of_several_blocks_has_the_ids_of_the_whole(string kind)
    {
        string text = string.Concat(Enumerable.Range(0, 150_000).Select(i => $"吾輩は  猫🐈 {i % 1000}\r\nit's\n")); // 5 MB
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("text.txt", text)]);
        Tokenizer tokenizer = Make(kind, corpus.Documents);
        TextTokens.Write(_folder.File("tokens.bin"), corpus.Documents, tokenizer);
        using TokenFile file = TokenFile.Open(_folder.File("tokens.bin"));
        int[] whole = tokenizer.Encode(text), read = new int[file.Length], memory = new int[file.Length];
        file.Read(0, read);
        TextTokens.InMemory(corpus.Documents, tokenizer).Read(0, memory);
        Assert.True(whole.AsSpan().SequenceEqual(read), "the file has other ids");
        Assert.True(whole.AsSpan().SequenceEqual(memory), "the ids in memory are others");
        Assert.Equal(tokenizer.VocabularySize, file.VocabularySize);
        List<int> streamed = [];
        using (FileStream stream = File.OpenRead(_folder.File("text.txt")))
            TextTokens.Encode(stream, tokenizer, ids => streamed.AddRange(ids));
        Assert.True(whole.AsSpan().SequenceEqual(streamed.ToArray()), "the stream has other ids");
    }

    [Fact]
    public void A_token_file_that_cannot_take_its_name_leaves_nothing_beside_it()
    {
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("text.txt", "abc")]);
        string taken = Directory.CreateDirectory(_folder.File("tokens.bin")).FullName;
        Exception? error = Record.Exception(() => TextTokens.Write(taken, corpus.Documents, CharacterTokenizer.FromText("abc")));
        Assert.True(error is IOException or UnauthorizedAccessException, $"{error}");
        Assert.Equal(["text.txt", "tokens.bin"], Directory.GetFileSystemEntries(_folder.Root).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Documents_are_parted_by_the_token_for_it()
    {
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("a.txt", "Hello"), _folder.Write("b.txt", " world<|endoftext|>!")]);
        TokenSource tokens = TextTokens.InMemory(corpus.Documents, Gpt2Tokenizer.Instance);
        int[] ids = new int[tokens.Length];
        tokens.Read(0, ids);
        Assert.Equal([15496, 50256, 995, 50256, 0], ids);
    }

    [Fact]
    public void What_the_vocabulary_cannot_say_is_named_with_its_file_and_place()
    {
        string text = string.Concat(Enumerable.Repeat("abc\n", 1_500_000)) + "ab🐈猫";
        using TextCorpus corpus = TextCorpus.Open([_folder.Write("text.txt", text)]);
        CharacterTokenizer tokenizer = CharacterTokenizer.FromText("abc\n🐈");
        TextEncodingException error = Assert.Throws<TextEncodingException>(() => TextTokens.InMemory(corpus.Documents, tokenizer));
        Assert.Contains("text.txt: character '猫' (U+732B) at line 1500001, character 4 is not", error.Message, StringComparison.Ordinal);
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        Assert.Contains("at line 1500001, character 4", Assert.Throws<TextEncodingException>(
            () => TextTokens.Encode(stream, tokenizer, _ => { })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_as_text_are_decoded_to_bytes_and_anything_else_is_named_with_its_line()
    {
        using MemoryStream output = new();
        TokenText.Decode("ids", new MemoryStream("15496,\n 995\t\r\n0"u8.ToArray()), Gpt2Tokenizer.Instance, output);
        Assert.Equal("Hello world!"u8.ToArray(), output.ToArray());
        foreach ((string ids, string reason) in ((string, string)[])
            [("1\n2 x3", "'x3' found in line 2"), ("-1", "'-1' found in line 1"), ("50257", "from 0 to 50256"), ("1.5", "'1.5'"), ("99999999999", "'99999999999'")])
        {
            Assert.Contains(reason, Assert.Throws<FileFormatException>(() => TokenText.Decode(
                "ids", new MemoryStream(Encoding.UTF8.GetBytes(ids)), Gpt2Tokenizer.Instance, Stream.Null)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void One_byte_order_mark_before_a_stream_is_no_part_of_it()
    {
        List<int> ids = [];
        using Stream text = TextInput.Of("text", new MemoryStream([0xEF, 0xBB, 0xBF, .. "\uFEFFab\uFEFF"u8]));
        TextTokens.Encode(text, CharacterTokenizer.FromText("ab\uFEFF"), found => ids.AddRange(found));
        Assert.Equal([2, 0, 1, 2], ids); // what follows the mark is text
    }

    public void Dispose() => _folder.Dispose();

    private static Tokenizer Make(string kind, IReadOnlyList<TextRange> text) => kind switch
    {
        "char" => TokenizerLearner.Characters(text, UnknownCharacter.Error),
        "word" => TokenizerLearner.Words(text, UnknownCharacter.Error),
        _ => TokenizerLearner.BytePairs(text, 400, [Tokenizer.EndOfText]),
    };
}
