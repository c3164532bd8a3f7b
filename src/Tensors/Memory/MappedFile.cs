using System.IO.MemoryMappedFiles;

namespace MiniGpt.Tensors.Memory;

/// <summary>
/// A file as memory, to be read alone: the system brings in what is looked at, when it is looked at. A file that is replaced by renaming
/// stays as it was; nobody may cut it short while it is mapped.
/// </summary>
public sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _pointer;

    private MappedFile(FileStream stream, long length)
    {
        Length = length;
        if (length == 0)
        {
            stream.Dispose(); // no system maps nothing
            return;
        }

        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _pointer);
        _pointer += _view.PointerOffset;
    }

    /// <summary>The bytes of the file.</summary>
    public long Length { get; }

    internal byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer is null && Length > 0, this);
            return _pointer;
        }
    }

    /// <summary>Maps a file.</summary>
    /// <exception cref="IOException">It cannot be opened or mapped: no pipe can.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is a folder.</exception>
    public static MappedFile Open(string path)
    {
        FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            if (!stream.CanSeek)
                throw new IOException($"{path} is a pipe or a device, a file expected");

            return new MappedFile(stream, stream.Length);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Some bytes of the file, where they lie. They must not be looked at after the file was disposed of.</summary>
    /// <exception cref="ArgumentException">They are not inside of the file.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        CheckRange(offset, count);
        return new ReadOnlySpan<byte>(Pointer + offset, count);
    }

    /// <summary>Ends the mapping.</summary>
    public void Dispose()
    {
        if (_pointer is not null)
        {
            _pointer = null;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _file?.Dispose();
    }

    internal void CheckRange(long offset, long count)
    {
        if (offset < 0 || count < 0 || offset > Length - count)
            throw new ArgumentException($"{count} bytes from {offset} on are not inside of a file of {Length} bytes");
    }
}
