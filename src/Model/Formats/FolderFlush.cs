using System.Runtime.InteropServices;
using System.Text;

namespace MiniGpt.Model.Formats;

/// <summary>
/// Writes a folder through to the disk, so that the names given in it outlive a loss of power. .NET flushes the content of files alone,
/// so the system is called by way of the C library. Where there is none of the Unix kind, it does nothing.
/// </summary>
internal static class FolderFlush
{
    private const int ReadOnly = 0; // O_RDONLY, the same everywhere
    private const int InvalidArgument = 22; // EINVAL: the file system flushes no folders

    private static readonly bool s_hasLibc = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    /// <summary>Returns once the names in a folder are on the disk.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk does not take it.</exception>
    public static void Flush(string path)
    {
        if (!s_hasLibc)
            return;
        int folder = Open(Encoding.UTF8.GetBytes(path + '\0'), ReadOnly);
        if (folder < 0)
            throw Failed(path);
        try
        {
            if (Fsync(folder) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
                throw Failed(path);
        }
        finally
        {
            _ = Close(folder);
        }
    }

    private static IOException Failed(string path) => new($"{Marshal.GetLastPInvokeErrorMessage()} : '{path}'");

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int descriptor);
}
