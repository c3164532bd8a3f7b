using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>
/// The data caches that a thread finds on this machine. They decide how work is cut into blocks, and with that the speed; a result has the
/// same bits at any sizes.
/// </summary>
/// <remarks>
/// x86 processors tell them by an instruction (CPUID: leaf 0x80000006 for the second level, 4 in Intel's manual and 0x80000005 in AMD's for the
/// first), which virtual machines pass on where they hide the newer leaves; Linux on other processors by files. Where neither does, such
/// as on Windows and macOS for Arm, they are taken to be <see cref="Usual"/>. The environment variable <see cref="Variable"/> goes
/// before all: for tests, and for virtual machines that report another processor's.
/// </remarks>
/// <param name="First">Bytes of the first-level cache.</param>
/// <param name="Second">Bytes of the second-level cache.</param>
internal sealed record CacheSizes(int First, int Second)
{
    /// <summary>The environment variable that sets the sizes in kilobytes, such as 32,1024.</summary>
    public const string Variable = "MINIGPT_CACHES_KB";

    private const int Levels = 2;
    private const int LeastKilobytes = 4;
    private const int MostKilobytes = 1 << 20;
    private const string LinuxFolder = "/sys/devices/system/cpu/cpu0/cache";

    private static CacheSizes? s_ofThisMachine;

    /// <summary>What most processors have at the least since about 2015.</summary>
    public static CacheSizes Usual { get; } = new(32 << 10, 512 << 10);

    /// <summary>Those of this machine; tests set others.</summary>
    /// <exception cref="ArgumentException"><see cref="Variable"/> is set to something else than two sizes.</exception>
    public static CacheSizes OfThisMachine
    {
        get => s_ofThisMachine ??= Find(Environment.GetEnvironmentVariable(Variable));
        set => s_ofThisMachine = value;
    }

    /// <summary>The sizes that <paramref name="setting"/> says, or where it says nothing, those that this machine tells.</summary>
    /// <exception cref="ArgumentException">The setting is something else than two sizes.</exception>
    public static CacheSizes Find(string? setting)
    {
        if (!string.IsNullOrWhiteSpace(setting))
            return Parse(setting);

        int[] sizes = new int[Levels];
        if (X86Base.IsSupported)
            AskProcessor(sizes);
        else if (OperatingSystem.IsLinux())
            ReadFiles(LinuxFolder, sizes);

        return FromLevels(sizes);
    }

    /// <summary>The sizes in a folder laid out as Linux's /sys/devices/system/cpu/cpu0/cache; usual ones for levels that it does not name.</summary>
    public static CacheSizes FromFiles(string folder)
    {
        int[] sizes = new int[Levels];
        ReadFiles(folder, sizes);
        return FromLevels(sizes);
    }

    private static CacheSizes FromLevels(int[] sizes) =>
        new(IsPossible(sizes[0]) ? sizes[0] : Usual.First, IsPossible(sizes[1]) ? sizes[1] : Usual.Second);

    private static bool IsPossible(long bytes) => bytes is >= (long)LeastKilobytes << 10 and <= (long)MostKilobytes << 10;

    private static CacheSizes Parse(string setting)
    {
        string[] parts = setting.Split(',');
        int[] sizes = new int[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts.Length != Levels || !int.TryParse(parts[i], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int size)
                || size is < LeastKilobytes or >= MostKilobytes)
            {
                throw new ArgumentException(
                    $"{Variable} is '{setting}': the kilobytes of the first- and second-level caches expected, such as 32,1024");
            }

            sizes[i] = size << 10;
        }

        return FromLevels(sizes);
    }

    private static void AskProcessor(int[] sizes)
    {
        const int IntelCaches = 4, Extended = unchecked((int)0x80000000), AmdFirstLevel = Extended + 5, SecondLevel = Extended + 6, MostCaches = 16;
        bool isAmd = X86Base.CpuId(0, 0).Ebx is 0x68747541 or 0x6F677948; // "Auth"enticAMD, "Hygo"nGenuine
        uint lastExtended = (uint)X86Base.CpuId(Extended, 0).Eax;
        if (lastExtended >= unchecked((uint)SecondLevel))
            sizes[1] = (X86Base.CpuId(SecondLevel, 0).Ecx >>> 16) << 10;

        if (isAmd && lastExtended >= unchecked((uint)AmdFirstLevel))
            sizes[0] = (X86Base.CpuId(AmdFirstLevel, 0).Ecx >>> 24) << 10;

        for (int index = 0; !isAmd && X86Base.CpuId(0, 0).Eax >= IntelCaches && index < MostCaches; index++)
        {
            (int eax, int ebx, int ecx, _) = X86Base.CpuId(IntelCaches, index);
            int type = eax & 31, level = (eax >> 5) & 7;
            if (type == 0)
                return;

            // Ways, partitions, bytes of a line and sets, each less one.
            long bytes = ((ebx >>> 22) + 1L) * (((ebx >> 12) & 1023) + 1) * ((ebx & 4095) + 1) * ((uint)ecx + 1L);
            if (type == 1 && level == 1 && IsPossible(bytes)) // 1 is a cache of data
                sizes[0] = (int)bytes;
        }
    }

    private static void ReadFiles(string folder, int[] sizes)
    {
        for (int index = 0; Directory.Exists(Path.Combine(folder, $"index{index}")); index++)
        {
            string Read(string name)
            {
                string path = Path.Combine(folder, $"index{index}", name);
                return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
            }

            string size = Read("size");
            if (Read("type") is "Data" or "Unified" && int.TryParse(Read("level"), CultureInfo.InvariantCulture, out int level) && level is >= 1 and <= Levels
                && size.EndsWith('K') && int.TryParse(size[..^1], CultureInfo.InvariantCulture, out int kilobytes) && kilobytes is > 0 and < MostKilobytes)
            {
                sizes[level - 1] = kilobytes << 10;
            }
        }
    }
}
