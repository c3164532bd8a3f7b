using MiniGpt.Tensors.Memory;

namespace MiniGpt.Model.Files;

/// <summary>
/// Opens the files that a model, a tokenizer or a run is made of: ordinary ones, or links to them. A pipe would wait for somebody who writes, a
/// device would never end, and what Git LFS left in the place of a large file says nothing of it.
/// </summary>
internal static class RegularFile
{
    private const int LongestPointer = 1024;

    private static ReadOnlySpan<byte> PointerBeginning => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>Opens a file to read it.</summary>
    /// <exception cref="IOException">It is a folder, a pipe or a device, is not there or cannot be read.</exception>
    public static FileStream Open(string path)
    {
        RequireOrdinary(path);
        return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="most">The bytes that it may have.</param>
    /// <param name="what">What it holds, for the message.</param>
    /// <exception cref="FileFormatException">It is longer, or a pointer of Git LFS.</exception>
    /// <exception cref="IOException">It is no ordinary file, or cannot be read.</exception>
    public static byte[] ReadAll(string path, int most, string what)
    {
        using FileStream file = Open(path);
        // A file that the system makes as it is read says that it has no length.
        using MemoryStream content = new((int)Math.Clamp(file.Length, 0, most));
        byte[] buffer = new byte[1 << 16];
        while (file.Read(buffer) is var read and > 0)
        {
            content.Write(buffer, 0, read);
            if (content.Length > most)
                throw new FileFormatException(path, $"{Math.Max(file.Length, content.Length)} bytes of {what} found, at most {most} expected");
        }
        byte[] bytes = content.ToArray();
        RefusePointer(path, bytes);
        return bytes;
    }

    /// <summary>The first four bytes of a file, or as many as it has: enough to tell forms apart by their magic numbers.</summary>
    /// <inheritdoc cref="Map"/>
    public static byte[] Beginning(string path)
    {
        using MappedFile file = Map(path);
        return file.Bytes(0, (int)Math.Min(sizeof(int), file.Length)).ToArray();
    }

    /// <summary>Maps a file into memory.</summary>
    /// <exception cref="FileFormatException">It is a pointer of Git LFS.</exception>
    /// <exception cref="IOException">It is no ordinary file, or cannot be mapped.</exception>
    public static MappedFile Map(string path)
    {
        RequireOrdinary(path);
        MappedFile file = MappedFile.Open(path);
        try
        {
            RefusePointer(path, file.Bytes(0, (int)Math.Min(file.Length, LongestPointer)));
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Refuses what Git LFS leaves in the place of a file that was not downloaded.</summary>
    /// <exception cref="FileFormatException">The file begins as such a pointer does.</exception>
    public static void RefusePointer(string path, ReadOnlySpan<byte> beginning)
    {
        if (beginning.StartsWith(PointerBeginning))
            throw new FileFormatException(path, "a Git LFS pointer found in the place of the file: git lfs pull downloads it");
    }

    /// <exception cref="IOException">It is a folder, a pipe or a device.</exception>
    public static void RequireOrdinary(string path)
    {
        switch (SystemCalls.KindOf(path))
        {
            case FileKind.Special:
                throw new IOException($"{path} is a pipe or a device, a file expected");
            case FileKind.Folder:
                throw new IOException($"{path} is a folder, a file expected");
            case FileKind.Missing when Disk.IsLink(path):
                throw new FileNotFoundException($"{path} is a link to {new FileInfo(path).LinkTarget}, which does not exist");
            default:
                break; // opening says what else is wrong
        }
    }
}
