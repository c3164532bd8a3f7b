using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using MiniGpt.Model.Tokenizers;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

public sealed class TokenSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(10)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    public void Tokens_in_memory_are_read_from_anywhere(int vocabularySize)
    {
        TokenSource source = TokenSource.FromIds([3, 1, 4, 1, 5, 9], vocabularySize);
        int[] read = new int[3];
        source.Read(2, read);
        Assert.Equal([4, 1, 5], read);
        Assert.Equal((6, 9), (source.Length, source.MaxId()));
        source.Slice(1, 4).Read(1, read);
        Assert.Equal([4, 1, 5], read);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(4, read));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Slice(1, 4).Read(2, read));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Slice(3, 4));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10)]
    public void An_id_outside_the_vocabulary_is_refused(int id) =>
        Assert.Contains($"token 1 has the id {id}", Assert.Throws<ArgumentException>(() => TokenSource.FromIds([0, id], 10)).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Both_forms_of_token_files_are_read(bool header)
    {
        ushort[] ids = [.. Enumerable.Range(0, 10_001).Select(i => (ushort)(i * 7))];
        string path = _folder.Write("tokens.bin", [.. header ? Header(20240520, 1, ids.Length) : [], .. MemoryMarshal.AsBytes<ushort>(ids)]);
        using TokenFile file = TokenFile.Open(path);
        Assert.Equal(10_001, file.Length);
        Assert.Equal(ids.Max(), file.MaxId());
        int[] read = new int[9_000];
        file.Read(1_001, read);
        Assert.Equal(ids[1_001..].Select(id => (int)id), read);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(1_002, read));
    }

    [Theory]
    [InlineData(65_536, 2)]
    [InlineData(65_537, 4)]
    public void Our_own_form_has_the_width_that_the_vocabulary_needs(int vocabularySize, int tokenBytes)
    {
        string text = _folder.Write("text.txt", "ba");
        CharacterTokenizer tokenizer = new(Enumerable.Range(0x61, vocabularySize + 0x800).Where(Rune.IsValid).Take(vocabularySize).Select(value => new Rune(value)));
        using TextCorpus corpus = TextCorpus.Open([text]);
        TextTokens.Write(_folder.File("own.bin"), corpus.Documents, tokenizer);
        Assert.Equal(64 + 2 * tokenBytes, new FileInfo(_folder.File("own.bin")).Length);
        using TokenFile file = TokenFile.Open(_folder.File("own.bin"));
        int[] read = new int[2];
        file.Read(0, read);
        Assert.Equal([1, 0], read);
        Assert.Equal(vocabularySize, file.VocabularySize);
    }

    [Theory]
    [InlineData(8, 2, "version 2")]
    [InlineData(12, 3, "with 3 bytes a token")]
    [InlineData(12, 4, "with 4 bytes a token")]
    [InlineData(16, 0, "a vocabulary of 0")]
    [InlineData(16, 70_000, "a vocabulary of 70000 with 2")]
    [InlineData(24, 3, "4 bytes of tokens found, those of the 3 tokens of its header")]
    [InlineData(24, -1, "those of the 4294967295 tokens")]
    [InlineData(28, 1 << 30, "those of the 4611686018427387906 tokens")]
    public void Our_own_form_is_refused_where_its_header_does_not_fit(int at, int value, string reason)
    {
        byte[] file = [.. "MGPTTOKS"u8, 1, 0, 0, 0, 2, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 2, .. new byte[39], 1, 0, 2, 0];
        using (TokenFile good = TokenFile.Open(_folder.Write("good.bin", file)))
            Assert.Equal(2, good.Length);
        AssertRefused(file[..20], "a token file of 20 bytes");
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        AssertRefused(file, reason);
    }

    [Fact]
    public void An_id_is_found_wherever_it_is()
    {
        int[] ids = new int[100_000];
        ids[^1] = 7;
        TokenSource tokens = TokenSource.FromIds(ids, 10);
        Assert.True(tokens.Contains(7));
        Assert.False(tokens.Contains(8));
        Assert.False(tokens.Slice(0, ids.Length - 1).Contains(7));
    }

    [Fact]
    public void A_token_file_that_does_not_fit_is_refused()
    {
        AssertRefused([], "0 bytes found");
        AssertRefused([1, 2, 3], "3 bytes found");
        AssertRefused(Header(20240520, 1, 3)[..100], "a file of 100 bytes");
        AssertRefused(Header(20240520, 2, 0), "version 2");
        AssertRefused([.. Header(20240520, 1, 3), 1, 0, 2, 0], "4 bytes of tokens found, those of the 3 tokens of its header");
        AssertRefused([.. Header(20240520, 1, -1), 1, 0, 2, 0], "4 bytes of tokens found, those of the -1 tokens");
        AssertRefused(Header(20240520, 1, 0), "0 bytes of tokens found");
    }

    public void Dispose() => _folder.Dispose();

    private void AssertRefused(byte[] bytes, string reason)
    {
        string path = _folder.Write("tokens.bin", bytes);
        Assert.Contains(reason, Assert.Throws<FileFormatException>(() => TokenFile.Open(path)).Message, StringComparison.Ordinal);
    }

    private static byte[] Header(int magic, int version, int count)
    {
        byte[] header = new byte[1024];
        BinaryPrimitives.WriteInt32LittleEndian(header, magic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), count);
        return header;
    }
}
