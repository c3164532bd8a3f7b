using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MiniGpt.Model.Formats;
using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Data;

/// <summary>
/// A file of token ids, mapped into memory and never read whole. It is nanoGPT's, little-endian uint16 without a header; or llm.c's, with a
/// header of 256 int32 [20240520, 1, count, …]; or our own, for vocabularies of any size, of <see cref="TokenFileHeader"/>.
/// </summary>
public sealed class TokenFile : TokenSource, IDisposable
{
    /// <summary>The ending of token files.</summary>
    public const string Extension = ".bin";

    private const int LlmcMagic = 20240520;
    private const int LlmcVersion = 1;
    private const int LlmcHeaderBytes = 256 * sizeof(int);

    private readonly MappedFile _file;
    private readonly long _dataStart;
    private readonly int _tokenBytes = sizeof(ushort);

    private TokenFile(string path)
    {
        _file = MappedFile.Open(path);
        try
        {
            if (TokenFileHeader.Read(path, _file) is TokenFileHeader header)
                (_dataStart, _tokenBytes, VocabularySize) = (TokenFileHeader.Bytes, header.TokenBytes, header.VocabularySize);
            else if (HasLlmcHeader(path))
                _dataStart = LlmcHeaderBytes;
            else if (_file.Length == 0 || _file.Length % sizeof(ushort) != 0)
                throw new FileFormatException(path, $"{_file.Length} bytes found, token ids of {sizeof(ushort)} bytes each expected");
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
    internal (int MaxId, byte[] Hash) Scan(Action<int> read, CancellationToken cancellationToken)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int largest = -1;
        long at = 0;
        Take((int)_dataStart);
        ReadAll(ids =>
        {
            largest = Math.Max(largest, MaxId(ids));
            Take(ids.Length * _tokenBytes);
        }, cancellationToken);
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

    private bool HasLlmcHeader(string path)
    {
        if (_file.Length < sizeof(int) || Int32(0) != LlmcMagic)
            return false;
        if (_file.Length < LlmcHeaderBytes)
            throw new FileFormatException(path, $"llm.c's magic number in a file of {_file.Length} bytes, a header of {LlmcHeaderBytes} expected");
        if (Int32(1) is var version and not LlmcVersion)
            throw new FileFormatException(path, $"llm.c token file of version {version} found, version {LlmcVersion} expected");
        long count = Int32(2), bytes = _file.Length - LlmcHeaderBytes;
        if (count <= 0 || count * sizeof(ushort) != bytes)
        {
            throw new FileFormatException(path,
                $"{bytes} bytes of tokens found, those of the {count} tokens of its header, at least 1 with {sizeof(ushort)} each, expected");
        }
        return true;

        int Int32(int index) => BinaryPrimitives.ReadInt32LittleEndian(_file.Bytes(index * sizeof(int), sizeof(int)));
    }
}
