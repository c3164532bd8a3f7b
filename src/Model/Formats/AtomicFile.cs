namespace MiniGpt.Model.Formats;

/// <summary>
/// A file that appears whole or not at all: written beside its final name, flushed to the disk and only then renamed.
/// Disposed before <see cref="Commit"/>, it leaves nothing behind and the old file as it was.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    private readonly FileStream _stream;
    private bool _committed;

    private AtomicFile(string path)
    {
        Path = path;
        _stream = new FileStream(PartialPath(path), FileMode.Create, FileAccess.Write, FileShare.Read);
    }

    /// <summary>The final name.</summary>
    public string Path { get; }

    /// <summary>Where to write.</summary>
    public Stream Stream => _stream;

    /// <summary>Starts a file that will be called <paramref name="path"/>. Its folder must be there.</summary>
    /// <exception cref="IOException">The file beside it cannot be made.</exception>
    public static AtomicFile Create(string path) => new(path);

    /// <summary>Writes a whole file at once.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using AtomicFile file = Create(path);
        file.Stream.Write(content);
        file.Commit();
    }

    /// <summary>The name that a file has until it is whole.</summary>
    public static string PartialPath(string path) => path + ".partial";

    /// <summary>
    /// Writes what is buffered through to the disk and ends the writing. Several files of which one is the commit of them all
    /// are first finished, each of them, and then committed in order.
    /// </summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Finish()
    {
        if (_stream.CanWrite)
            _stream.Flush(flushToDisk: true);
        _stream.Dispose();
    }

    /// <summary>Finishes the file and gives it its final name, over a file that has it.</summary>
    /// <exception cref="IOException">The file cannot be finished or renamed.</exception>
    public void Commit()
    {
        Finish();
        File.Move(PartialPath(Path), Path, overwrite: true);
        _committed = true;
    }

    /// <summary>Deletes the file unless it was committed.</summary>
    public void Dispose()
    {
        if (_committed)
            return;
        try
        {
            _stream.Dispose(); // writes what is buffered, which a full disk refuses
        }
        finally
        {
            File.Delete(PartialPath(Path));
        }
    }
}
