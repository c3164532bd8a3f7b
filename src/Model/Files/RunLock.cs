
namespace MiniGpt.Model.Files;

/// <summary>
/// The right to write into the folder of a run, held by one process at a time and freed by the system when that process ends, however it
/// ends. The file stays: it is the lock upon it that counts.
/// </summary>
internal sealed class RunLock : IDisposable
{
    internal const string LockFile = "run.lock";

    private readonly FileStream _file;
    private readonly string _folder;
    private readonly string? _identity;
    private readonly string? _folderIdentity;

    private RunLock(FileStream file, string folder)
    {
        (_file, _folder) = (file, folder);
        (_identity, _folderIdentity) = (SystemCalls.IdentityOf(file.Name), SystemCalls.IdentityOf(folder));
    }

    /// <summary>
    /// Whether the folder is still under its path, and no other run has a lock there: it can have been moved, and another be in its place. Somebody
    /// who deletes the file of the lock alone changes nothing.
    /// </summary>
    public bool IsInPlace => SystemCalls.IdentityOf(_folder) == _folderIdentity
        && (SystemCalls.IdentityOf(_file.Name) is not string found || found == _identity);

    /// <summary>Takes the lock of a folder that is there.</summary>
    /// <exception cref="IOException">Another run has it, or the folder cannot be written.</exception>
    public static RunLock Take(string path) => TryTake(path)
        ?? throw new IOException($"{path} is being written by another training run: stop that one, or give this one a folder of its own");

    /// <summary>Takes the lock if nobody has it; null where another run has.</summary>
    /// <exception cref="IOException">The folder cannot be written, or what has the name of the lock is no ordinary file.</exception>
    public static RunLock? TryTake(string path)
    {
        string file = Path.Combine(path, LockFile);
        if (Disk.IsLink(file))
            throw new IOException($"{file} is a link, a file expected");
        RegularFile.RequireOrdinary(file);
        try
        {
            return new(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), path);
        }
        catch (IOException error) when (IsHeld(error))
        {
            return null;
        }
    }

    /// <summary>Gives the right back.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>Gives the right back and deletes the file.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    public void Remove()
    {
        // Nobody may take the lock before its file is deleted. Unix deletes an open file; Windows deletes none that somebody has.
        if (OperatingSystem.IsWindows())
            _file.Dispose();
        using (_file)
            File.Delete(_file.Name);
    }

    /// <summary>EWOULDBLOCK as Linux, and as macOS numbers it, and Windows' sharing violation.</summary>
    private static bool IsHeld(IOException error) => error.HResult is 11 or 35 or unchecked((int)0x80070020);
}
