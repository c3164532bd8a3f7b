using Microsoft.Win32.SafeHandles;

namespace MiniGpt.Model.Files;

/// <summary>The changes of a folder that a save is made of.</summary>
internal enum DiskStep
{
    /// <summary>A new file.</summary>
    Create,

    /// <summary>Lines are added to a log.</summary>
    Write,

    /// <summary>The content of a file is written through to the disk.</summary>
    Flush,

    /// <summary>A file or folder gets another name.</summary>
    Rename,

    /// <summary>A file is deleted.</summary>
    Delete,

    /// <summary>The names in a folder are written through to the disk.</summary>
    FlushFolder,
}

/// <summary>Is told of a step of this thread before it is taken, and again behind it; an exception of it is one of the disk.</summary>
internal delegate void DiskWatch(DiskStep step, string path, bool isDone);

/// <summary>Every change of a folder that a checkpoint depends on goes through here, so that a test can let each of them fail.</summary>
internal static class Disk
{
    [ThreadStatic]
    private static DiskWatch? t_watch;

    /// <summary>Watches the steps of this thread; null ends it.</summary>
    public static void Watch(DiskWatch? watch) => t_watch = watch;

    /// <summary>Makes a file, or empties the one that is there. A link or a pipe of this name is put out of the way: it leads elsewhere.</summary>
    public static FileStream Create(string path)
    {
        t_watch?.Invoke(DiskStep.Create, path, isDone: false);
        if (IsLink(path) || SystemCalls.KindOf(path) == FileKind.Special)
            File.Delete(path);
        FileStream stream = new(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        try
        {
            t_watch?.Invoke(DiskStep.Create, path, isDone: true);
            return stream;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Writes bytes at a place of a file.</summary>
    public static void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        t_watch?.Invoke(DiskStep.Write, path, isDone: false);
        RandomAccess.Write(file, bytes, offset);
        t_watch?.Invoke(DiskStep.Write, path, isDone: true);
    }

    /// <summary>Writes what a file holds through to the disk.</summary>
    public static void Flush(FileStream file) => Take(DiskStep.Flush, file.Name, () => file.Flush(flushToDisk: true));

    /// <summary>Gives a file another name, over a file that has it.</summary>
    public static void Rename(string from, string to) => Take(DiskStep.Rename, to, () => File.Move(from, to, overwrite: true));

    /// <summary>Gives a folder another name, which nothing has.</summary>
    public static void RenameFolder(string from, string to) => Take(DiskStep.Rename, to, () => Directory.Move(from, to));

    /// <summary>Deletes a file, if it is there.</summary>
    public static void Delete(string path) => Take(DiskStep.Delete, path, () => File.Delete(path));

    /// <summary>Returns once the names in a folder are on the disk.</summary>
    public static void FlushFolder(string path) => Take(DiskStep.FlushFolder, path, () => SystemCalls.FlushFolder(path));

    /// <summary>Whether a name is a link, whatever it leads to.</summary>
    public static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    private static void Take(DiskStep step, string path, Action change)
    {
        t_watch?.Invoke(step, path, isDone: false);
        change();
        t_watch?.Invoke(step, path, isDone: true);
    }
}
