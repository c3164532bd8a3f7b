using System.Runtime.InteropServices;
using System.Text;

namespace MiniGpt.Model.Files;

/// <summary>What lies under a path, links followed.</summary>
internal enum FileKind
{
    /// <summary>Nothing, or a link to nothing.</summary>
    Missing,

    /// <summary>An ordinary file, or what the system does not tell from one.</summary>
    Regular,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A pipe, a socket or a device: it has no length, and opening it can wait for somebody else.</summary>
    Special,
}

/// <summary>
/// What .NET has no words for, asked of the C library: writing a folder through to the disk, and what kind of file a path names, without opening
/// it. Where there is no C library of the Unix kind, folders are not flushed and nothing is special.
/// </summary>
internal static class SystemCalls
{
    private const int ReadOnly = 0; // O_RDONLY, the same everywhere
    private const int InvalidArgument = 22; // EINVAL: the file system flushes no folders
    private const int FullFlush = 51; // F_FULLFSYNC of macOS, whose fsync leaves the writing to the drive

    // The size of struct statx, which is the same on every processor, and of every struct stat of macOS with room to spare.
    private const int StatusBytes = 256;
    private const int ModeInStatx = 28, ModeInDarwinStat = 4;
    private const int NumberInStatx = 32, DeviceInStatx = 136, NumberInDarwinStat = 8, DeviceInDarwinStat = 0; // 8 bytes each, but 4 for macOS's device
    private const int WorkingFolder = -100; // AT_FDCWD
    private const uint TypeAndNumber = 0x101; // STATX_TYPE | STATX_INO
    private const int KindMask = 0xF000, KindRegular = 0x8000, KindFolder = 0x4000; // S_IFMT, S_IFREG, S_IFDIR

    private static readonly bool s_hasLibc = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS() || OperatingSystem.IsFreeBSD();

    private static volatile bool s_hasStatus = OperatingSystem.IsLinux() || OperatingSystem.IsMacOS();

    /// <summary>Returns once the names in a folder are on the disk.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk does not take it.</exception>
    public static void FlushFolder(string path)
    {
        if (!s_hasLibc)
            return;
        int folder = Open(Terminated(path), ReadOnly);
        if (folder < 0)
            throw Failed(path);
        try
        {
            if (!(OperatingSystem.IsMacOS() && Control(folder, FullFlush) == 0) && Fsync(folder) != 0 && Marshal.GetLastPInvokeError() != InvalidArgument)
                throw Failed(path);
        }
        finally
        {
            _ = Close(folder);
        }
    }

    /// <summary>What kind of file a path names. Nothing is opened: a pipe without a writer does not wait.</summary>
    public static FileKind KindOf(string path)
    {
        if (Directory.Exists(path))
            return FileKind.Folder;
        if (!File.Exists(path))
            return FileKind.Missing;
        if (StatusOf(path) is not byte[] status)
            return s_hasStatus ? FileKind.Missing : FileKind.Regular; // .NET sees a link to nothing as a file
        return (BitConverter.ToUInt16(status, OperatingSystem.IsLinux() ? ModeInStatx : ModeInDarwinStat) & KindMask) switch
        {
            KindRegular => FileKind.Regular,
            KindFolder => FileKind.Folder,
            _ => FileKind.Special,
        };
    }

    /// <summary>
    /// What tells one file from every other, whatever it is called; null where there is none of this name, or the system does not say it: Windows
    /// moves no folder in which a file is open.
    /// </summary>
    public static string? IdentityOf(string path) => StatusOf(path) is not byte[] status ? null
        : OperatingSystem.IsLinux() ? $"{BitConverter.ToUInt64(status, DeviceInStatx)}:{BitConverter.ToUInt64(status, NumberInStatx)}"
        : $"{BitConverter.ToUInt32(status, DeviceInDarwinStat)}:{BitConverter.ToUInt64(status, NumberInDarwinStat)}";

    /// <summary>struct statx, or macOS's struct stat; null where there is no file, or the system has neither.</summary>
    private static byte[]? StatusOf(string path)
    {
        byte[] status = new byte[StatusBytes];
        try
        {
            bool isKnown = (OperatingSystem.IsLinux() && Statx(WorkingFolder, Terminated(path), 0, TypeAndNumber, status) == 0)
                || (OperatingSystem.IsMacOS() && DarwinStat(path, status) == 0);
            return isKnown ? status : null;
        }
        catch (EntryPointNotFoundException)
        {
            s_hasStatus = false; // an older C library: what it cannot say is taken for a file
            return null;
        }
    }

    private static int DarwinStat(string path, byte[] status) => RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? Stat(Terminated(path), status)
        : StatOfWideInodes(Terminated(path), status);

    private static byte[] Terminated(string path) => Encoding.UTF8.GetBytes(path + '\0');

    private static IOException Failed(string path) => new($"{Marshal.GetLastPInvokeErrorMessage()} : '{path}'");

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Fsync(int descriptor);

    [DllImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static extern int Control(int descriptor, int command);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    private static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, byte[] status);

    [DllImport("libc", EntryPoint = "stat", SetLastError = true)]
    private static extern int Stat(byte[] path, byte[] status);

    [DllImport("libc", EntryPoint = "stat$INODE64", SetLastError = true)]
    private static extern int StatOfWideInodes(byte[] path, byte[] status);
}
