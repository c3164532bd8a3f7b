using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MiniGpt.Model.Data;
using MiniGpt.Model.Formats;
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

    [Fact]
    public void A_token_file_that_does_not_fit_is_refused()
    {
        AssertRefused([], "0 bytes found");
        AssertRefused([1, 2, 3], "3 bytes found");
        AssertRefused(Header(20240520, 1, 3)[..100], "a file of 100 bytes");
        AssertRefused(Header(20240520, 2, 0), "version 2");
        AssertRefused([.. Header(20240520, 1, 3), 1, 0, 2, 0], "2 tokens found, the 3 of its header");
        AssertRefused([.. Header(20240520, 1, -1), 1, 0, 2, 0], "2 tokens found, the -1 of its header");
        AssertRefused(Header(20240520, 1, 0), "0 tokens found");
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
