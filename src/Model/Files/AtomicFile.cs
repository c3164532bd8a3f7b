namespace MiniGpt.Model.Files;

/// <summary>
/// A file that appears whole or not at all: written beside its final name, flushed to the disk and only then renamed.
/// Disposed before <see cref="Commit"/>, it leaves nothing behind and the old file as it was.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly string _partialPath;
    private bool _committed;

    private AtomicFile(string path, string partialPath)
    {
        Path = path;
        _partialPath = partialPath;
        _stream = Disk.Create(partialPath);
    }

    /// <summary>The final name.</summary>
    public string Path { get; }

    /// <summary>Where to write.</summary>
    public Stream Stream => _stream;

    /// <summary>
    /// Starts a file that will be called <paramref name="path"/>. Its folder must be there. A link of this name is replaced, and what it leads
    /// to stays.
    /// </summary>
    /// <param name="path">The final name.</param>
    /// <param name="partialPath">The name until then, in the same folder, where several processes may write the file at once; null for the usual one.</param>
    /// <exception cref="IOException">The file beside it cannot be made.</exception>
    public static AtomicFile Create(string path, string? partialPath = null) => new(path, partialPath ?? PartialPath(path));

    /// <summary>
    /// Starts a file whose name somebody chose, to whom a link stands for the file that it leads to: that one is replaced, and the link stays.
    /// </summary>
    /// <exception cref="IOException">
    /// There is a pipe, a device or a link to nothing of this name, none of which a file may replace; or the file cannot be made.
    /// </exception>
    public static AtomicFile CreateNamed(string path) => Create(TargetOf(path));

    /// <summary>Writes a whole file at once.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using AtomicFile file = Create(path);
        file.Stream.Write(content);
        file.Commit();
    }

    /// <summary>The usual name of a file until it is whole.</summary>
    public static string PartialPath(string path) => path + ".partial";

    /// <summary>
    /// Writes what is buffered through to the disk and ends the writing. Several files of which one is the commit of them all
    /// are first finished, each of them, and then committed in order.
    /// </summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    public void Finish()
    {
        if (_stream.CanWrite)
            Disk.Flush(_stream);
        _stream.Dispose();
    }

    /// <summary>Finishes the file and gives it its final name, over a file that has it.</summary>
    /// <exception cref="IOException">The file cannot be finished or renamed.</exception>
    public void Commit()
    {
        Finish();
        Disk.Rename(_partialPath, Path);
        _committed = true;
    }

    /// <summary>Leaves the file beside its name, for good: somebody else will rename it.</summary>
    internal void Leave() => _committed = true;

    /// <summary>Deletes the file unless it was committed.</summary>
    public void Dispose()
    {
        if (_committed)
        {
            _stream.Dispose();
            return;
        }
        try
        {
            _stream.Dispose(); // writes what is buffered, which a full disk refuses
        }
        finally
        {
            File.Delete(_partialPath);
        }
    }

    /// <summary>The file that a name stands for: itself, or where a link leads to.</summary>
    /// <exception cref="IOException">It is a pipe, a device or a link to nothing.</exception>
    public static string TargetOf(string path)
    {
        if (SystemCalls.KindOf(path) == FileKind.Special)
            throw new IOException($"{path} is a pipe or a device, which no file may replace: the name of a file expected");
        if (!Disk.IsLink(path))
            return path;
        string target = RealPath.Of(path);
        return System.IO.Path.Exists(target)
            ? target
            : throw new IOException($"{path} is a link to {target}, which does not exist: the name of a file expected");
    }
}
