using System.Buffers;
using System.IO.MemoryMappedFiles;
using MiniGpt.Model.Formats;

namespace MiniGpt.Model.Data;

/// <summary>
/// A file of token ids, two little-endian bytes each: nanoGPT's, which has no header, or llm.c's, which has one of 256 int32
/// [20240520, 1, count, …]. It is mapped into memory and never read whole.
/// </summary>
public sealed class TokenFile : TokenSource, IDisposable
{
    /// <summary>The ending of token files.</summary>
    public const string Extension = ".bin";

    private const int Magic = 20240520;
    private const int Version = 1;
    private const int HeaderBytes = 256 * sizeof(int);
    private const int ChunkTokens = 1 << 12;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly long _dataStart;

    private TokenFile(string path, long fileLength)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, fileLength, MemoryMappedFileAccess.Read);
        try
        {
            _dataStart = HasHeader(path, fileLength) ? HeaderBytes : 0;
            Length = (fileLength - _dataStart) / sizeof(ushort);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override long Length { get; }

    /// <summary>Opens a token file of either form.</summary>
    /// <exception cref="FileFormatException">The file is empty, ends within a token, or its header does not fit its length.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static TokenFile Open(string path)
    {
        long length = new FileInfo(path).Length;
        if (length == 0 || length % sizeof(ushort) != 0)
            throw new FileFormatException(path, $"{length} bytes found, token ids of {sizeof(ushort)} bytes each expected");
        return new TokenFile(path, length);
    }

    /// <summary>Ends the mapping.</summary>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    /// <inheritdoc/>
    protected override void ReadRange(long start, Span<int> destination)
    {
        ushort[] rented = ArrayPool<ushort>.Shared.Rent(ChunkTokens);
        for (int done = 0; done < destination.Length;)
        {
            int count = Math.Min(ChunkTokens, destination.Length - done);
            count = _view.ReadArray(_dataStart + (start + done) * sizeof(ushort), rented, 0, count);
            for (int i = 0; i < count; i++)
                destination[done++] = rented[i];
        }
        ArrayPool<ushort>.Shared.Return(rented);
    }

    private bool HasHeader(string path, long fileLength)
    {
        if (fileLength < sizeof(int) || _view.ReadInt32(0) != Magic)
            return false;
        if (fileLength < HeaderBytes)
            throw new FileFormatException(path, $"llm.c's magic number in a file of {fileLength} bytes, a header of {HeaderBytes} expected");
        if (_view.ReadInt32(sizeof(int)) is var version and not Version)
            throw new FileFormatException(path, $"llm.c token file of version {version} found, version {Version} expected");
        long count = _view.ReadInt32(2 * sizeof(int));
        long found = (fileLength - HeaderBytes) / sizeof(ushort);
        if (count != found || count == 0)
            throw new FileFormatException(path, $"{found} tokens found, the {count} of its header (at least 1) expected");
        return true;
    }
}
