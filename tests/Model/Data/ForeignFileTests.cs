using System.Runtime.InteropServices;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Files;
using Xunit;

namespace MiniGpt.Tests.Model.Data;

/// <summary>What has the ending of token files and is none is never trained on as numbers, and what is one is read.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, byte[]> Foreign => new()
    {
        { "a NumPy array (.npy)", [0x93, .. "NUMPY\x01\0"u8, .. new byte[120]] },
        { "a zip archive", [.. "PK\x03\x04"u8, .. new byte[60]] },
        { "gzip data", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0] },
        { "zstd data", [0x28, 0xB5, 0x2F, 0xFD, 1, 2] },
        { "a Parquet file", [.. "PAR1"u8, .. new byte[60]] },
        { "a GGUF model", [.. "GGUF"u8, 3, 0, 0, 0] },
        { "the index of a Megatron data set", [.. "MMIDIDX\0\0"u8, 1] },
        { "a model of llm.c", [.. BitConverter.GetBytes(20240326), 3, 0, 0, 0] },
        { "text", Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("1 2 3 words\n", 100))) },
        { "numbers of 32 bits", MemoryMarshal.AsBytes<int>([.. Enumerable.Range(0, 500).Select(i => i * 37 % 50257)]).ToArray() },
        { "numbers of 32 bits", MemoryMarshal.AsBytes<int>([.. Enumerable.Range(0, 500).Select(i => i * 517 % 151936)]).ToArray() },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void What_is_known_is_refused_by_its_name(string name, byte[] content)
    {
        string path = _folder.Write("tokens.bin", content);
        string message = Assert.Throws<FileFormatException>(() => TokenFile.Open(path)).Message;
        Assert.StartsWith($"{path}: {name}", message, StringComparison.Ordinal);
        Assert.EndsWith("found, token ids of 2 bytes each expected", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(65)]
    [InlineData(256)]
    [InlineData(50257)]
    [InlineData(65536)]
    public void Ids_of_two_bytes_are_taken_for_what_they_are(int vocabularySize)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            Random random = new(seed);
            // Some of them are far more frequent, as words are.
            ushort[] ids = [.. Enumerable.Range(0, 4000).Select(_ => (ushort)(vocabularySize * Math.Pow(random.NextDouble(), 3)))];
            using TokenFile file = TokenFile.Open(_folder.Write("tokens.bin", MemoryMarshal.AsBytes<ushort>(ids).ToArray()));
            Assert.Equal((4000, ids.Max()), (file.Length, file.MaxId()));
        }
    }

    // gzip data is 1F 8B and then 8, its one method.
    [Theory]
    [InlineData(new ushort[] { 0x8B1F, 9, 0x8B1F })]
    [InlineData(new ushort[] { 0x8B1F, 0x0800 })]
    [InlineData(new ushort[] { 0x8B1F })]
    public void Ids_that_begin_with_the_two_bytes_of_gzip_are_ids(ushort[] ids)
    {
        using TokenFile file = TokenFile.Open(_folder.Write("tokens.bin", MemoryMarshal.AsBytes<ushort>(ids).ToArray()));
        int[] read = new int[file.Length];
        file.Read(0, read);
        Assert.Equal(ids.Select(id => (int)id), read);
    }

    [Fact]
    public void The_header_of_llm_c_before_ids_of_four_bytes_is_read()
    {
        int[] ids = [128_000, 5, 70_000, 0];
        string path = _folder.Write("wide.bin", Wide(version: 7, ids.Length, ids));
        using (TokenFile file = TokenFile.Open(path))
        {
            int[] read = new int[ids.Length];
            file.Read(0, read);
            Assert.Equal(ids, read);
            Assert.Equal(128_000, file.MaxId());
        }
        _folder.Write("wide.bin", Wide(version: 1, ids.Length, ids));
        Assert.Contains("version 1 found, version 7 expected", Refused(path), StringComparison.Ordinal);
        _folder.Write("wide.bin", Wide(version: 7, ids.Length + 1, ids));
        Assert.Contains("those of the 5 tokens of its header, at least 1 with 4 each, expected", Refused(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_token_of_our_own_form_is_seen_when_the_file_is_read()
    {
        string text = _folder.Write("a.txt", "abcabcabcabc"), path = _folder.File("tokens.bin");
        using (TextCorpus corpus = TextCorpus.Open([text]))
            TextTokens.Write(path, corpus.Documents, MiniGpt.Model.Tokenizers.CharacterTokenizer.FromText("abc"));
        byte[] bytes = File.ReadAllBytes(path);
        using (TokenFile whole = TokenFile.Open(path))
            Assert.Equal(2, whole.Scan(_ => { }, CancellationToken.None).MaxId);
        bytes[64] ^= 1;
        File.WriteAllBytes(path, bytes);
        using (TokenFile changed = TokenFile.Open(path))
        {
            Assert.Contains("the file was changed or damaged",
                Assert.Throws<FileFormatException>(() => changed.Scan(_ => { }, CancellationToken.None)).Message, StringComparison.Ordinal);
        }
        bytes.AsSpan(32, 32).Clear(); // files without a checksum, as they were written before
        File.WriteAllBytes(path, bytes);
        using TokenFile without = TokenFile.Open(path);
        Assert.Equal(2, without.Scan(_ => { }, CancellationToken.None).MaxId);
    }

    private static string Refused(string path) => Assert.Throws<FileFormatException>(() => TokenFile.Open(path)).Message;

    private static byte[] Wide(int version, int count, int[] ids)
    {
        int[] header = new int[256];
        (header[0], header[1], header[2]) = (20240801, version, count);
        return [.. MemoryMarshal.AsBytes<int>(header), .. MemoryMarshal.AsBytes<int>(ids)];
    }
}
