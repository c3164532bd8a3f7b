using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniGpt.Model.Files;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Data;

/// <summary>
/// A file of token ids, mapped into memory and never read whole. It is nanoGPT's, little-endian uint16 without a header; or llm.c's, with a
/// header of 256 int32 [20240520, 1, count, …], or [20240801, 7, count, …] before uint32; or our own, for vocabularies of any size, of <see cref="TokenFileHeader"/>.
/// </summary>
public sealed class TokenFile : TokenSource, IDisposable
{
    /// <summary>The ending of token files.</summary>
    public const string Extension = ".bin";

    /// <summary>What llm.c's token files begin with.</summary>
    internal const int LlmCMagic = 20240520, WideLlmCMagic = 20240801;

    private const int LlmcVersion = 1; // uint16
    private const int WideLlmcVersion = 7; // uint32, as for the vocabulary of Llama 3
    private const int LlmcHeaderBytes = 256 * sizeof(int);

    private readonly string _path;
    private readonly MappedFile _file;
    private readonly long _dataStart;
    private readonly int _tokenBytes = sizeof(ushort);
    private readonly byte[]? _checksum;

    private TokenFile(string path)
    {
        _path = path;
        _file = RegularFile.Map(path);
        try
        {
            if (TokenFileHeader.Read(path, _file) is TokenFileHeader header)
                (_dataStart, _tokenBytes, VocabularySize, _checksum) = (TokenFileHeader.Bytes, header.TokenBytes, header.VocabularySize, header.Checksum);
            else if (ReadLlmcHeader(path) is int tokenBytes)
                (_dataStart, _tokenBytes) = (LlmcHeaderBytes, tokenBytes);
            else if (_file.Length == 0 || _file.Length % sizeof(ushort) != 0)
                throw new FileFormatException(path, $"{_file.Length} bytes found, token ids of {sizeof(ushort)} bytes each expected");
            else if (ForeignFile.NameOf(_file.Bytes(0, (int)Math.Min(_file.Length, ForeignFile.SampleBytes))) is string foreign)
                throw new FileFormatException(path, $"{foreign} found, token ids of {sizeof(ushort)} bytes each expected");
            Length = (_file.Length - _dataStart) / _tokenBytes;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override long Length { get; }

    /// <summary>Whether the file has a checksum of its tokens, which <see cref="Scan"/> verifies.</summary>
    internal bool HasChecksum => _checksum is not null;

    /// <summary>The bytes of the whole file.</summary>
    internal long Bytes => _file.Length;

    /// <summary>V, where the file says it; it is not checked that all ids are smaller.</summary>
    public int? VocabularySize { get; }

    /// <summary>Opens a token file of any form.</summary>
    /// <exception cref="FileFormatException">The file is empty, ends within a token, or its header does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TokenFile Open(string path) => new(path);

    /// <summary>Reads all of the file once.</summary>
    /// <param name="read">Is told of every piece, how many bytes it has.</param>
    /// <param name="cancellationToken">Ends the reading without a result.</param>
    /// <returns>The largest id, as <see cref="TokenSource.MaxId(CancellationToken)"/> finds it, and the SHA-256 of the file.</returns>
    /// <exception cref="FileFormatException">The tokens are not those of the checksum in the file.</exception>
    internal (int MaxId, byte[] Hash) Scan(Action<int> read, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using IncrementalHash ofTokens = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int largest = -1;
        long at = 0;
        Take((int)_dataStart);
        ReadAll(ids =>
        {
            largest = Math.Max(largest, MaxId(ids));
            if (_checksum is not null)
                ofTokens.AppendData(_file.Bytes(at, ids.Length * _tokenBytes));
            Take(ids.Length * _tokenBytes);
        }, cancellationToken);
        if (_checksum is not null && !ofTokens.GetHashAndReset().AsSpan().SequenceEqual(_checksum))
            throw new FileFormatException(_path, "other tokens found than those of the checksum in it: the file was changed or damaged");
        return (largest, hash.GetHashAndReset());

        void Take(int bytes)
        {
            hash.AppendData(_file.Bytes(at, bytes));
            at += bytes;
            read(bytes);
        }
    }

    /// <summary>Ends the mapping.</summary>
    public void Dispose() => _file.Dispose();

    /// <inheritdoc/>
    protected override void ReadRange(long start, Span<int> destination)
    {
        ReadOnlySpan<byte> bytes = _file.Bytes(_dataStart + start * _tokenBytes, checked(destination.Length * _tokenBytes));
        if (_tokenBytes == sizeof(int))
        {
            MemoryMarshal.Cast<byte, int>(bytes).CopyTo(destination);
            return;
        }
        ReadOnlySpan<ushort> ids = MemoryMarshal.Cast<byte, ushort>(bytes);
        for (int i = 0; i < ids.Length; i++)
            destination[i] = ids[i];
    }

    /// <summary>The bytes of a token behind a header of llm.c; null where the file begins otherwise.</summary>
    private int? ReadLlmcHeader(string path)
    {
        if (_file.Length < sizeof(int) || Int32(0) is not (LlmCMagic or WideLlmCMagic))
            return null;
        if (_file.Length < LlmcHeaderBytes)
            throw new FileFormatException(path, $"llm.c's magic number in a file of {_file.Length} bytes, a header of {LlmcHeaderBytes} expected");
        bool isWide = Int32(0) == WideLlmCMagic;
        int expected = isWide ? WideLlmcVersion : LlmcVersion, tokenBytes = isWide ? sizeof(int) : sizeof(ushort);
        if (Int32(1) is var version && version != expected)
            throw new FileFormatException(path, $"llm.c token file of version {version} found, version {expected} expected");
        long count = Int32(2), bytes = _file.Length - LlmcHeaderBytes;
        if (count <= 0 || count * tokenBytes != bytes)
        {
            throw new FileFormatException(path,
                $"{bytes} bytes of tokens found, those of the {count} tokens of its header, at least 1 with {tokenBytes} each, expected");
        }
        return tokenBytes;

        int Int32(int index) => BinaryPrimitives.ReadInt32LittleEndian(_file.Bytes(index * sizeof(int), sizeof(int)));
    }
}
