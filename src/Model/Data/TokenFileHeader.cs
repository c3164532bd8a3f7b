using System.Buffers.Binary;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Data;

/// <summary>
/// The header of our own token files, 64 bytes, little-endian: the 8 bytes "MGPTTOKS", then int32 version (1), int32 bytes of a token
/// (2 or 4), int32 vocabulary size, int32 0, int64 count of tokens, and 32 bytes SHA-256 of the tokens, or zeros. The tokens follow, and nothing
/// behind them.
/// </summary>
internal readonly record struct TokenFileHeader(int TokenBytes, int VocabularySize, long Count)
{
    private const int ChecksumStart = 32;

    public const int Bytes = 64;

    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "MGPTTOKS"u8;

    /// <summary>The SHA-256 of the tokens, 32 bytes; null where the file does not say it.</summary>
    public byte[]? Checksum { get; init; }

    /// <summary>The width that a vocabulary needs.</summary>
    public static int TokenBytesFor(int vocabularySize) => vocabularySize <= ushort.MaxValue + 1 ? sizeof(ushort) : sizeof(int);

    /// <summary>The header of a file; null where it begins otherwise.</summary>
    /// <exception cref="FileFormatException">It does not fit the file.</exception>
    public static TokenFileHeader? Read(string path, MappedFile file)
    {
        if (file.Length < Magic.Length || !file.Bytes(0, Magic.Length).SequenceEqual(Magic))
            return null;
        if (file.Length < Bytes)
            throw new FileFormatException(path, $"a token file of {file.Length} bytes found, a header of {Bytes} expected");
        ReadOnlySpan<byte> header = file.Bytes(0, Bytes);
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]), tokenBytes = BinaryPrimitives.ReadInt32LittleEndian(header[12..]);
        int vocabularySize = BinaryPrimitives.ReadInt32LittleEndian(header[16..]);
        long count = BinaryPrimitives.ReadInt64LittleEndian(header[24..]), bytes = file.Length - Bytes;
        if (version != Version)
            throw new FileFormatException(path, $"token file of version {version} found, version {Version} expected");
        if (vocabularySize <= 0 || tokenBytes != TokenBytesFor(vocabularySize))
            throw new FileFormatException(path, $"a vocabulary of {vocabularySize} with {tokenBytes} bytes a token found, 2 up to 65536 and else 4 expected");
        if (count < 0 || bytes % tokenBytes != 0 || count != bytes / tokenBytes)
            throw new FileFormatException(path, $"{bytes} bytes of tokens found, those of the {count} tokens of its header expected");
        ReadOnlySpan<byte> checksum = header[ChecksumStart..];
        return new TokenFileHeader(tokenBytes, vocabularySize, count) { Checksum = checksum.ContainsAnyExcept((byte)0) ? checksum.ToArray() : null };
    }

    /// <summary>Writes the header.</summary>
    public void Write(Stream stream)
    {
        Span<byte> header = stackalloc byte[Bytes];
        header.Clear();
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], TokenBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], VocabularySize);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], Count);
        Checksum?.CopyTo(header[ChecksumStart..]);
        stream.Write(header);
    }
}
