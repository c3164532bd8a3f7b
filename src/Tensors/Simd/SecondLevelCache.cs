using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace MiniGpt.Tensors.Simd;

/// <summary>
/// The second-level cache that a thread finds on this machine. It decides how work is cut into blocks, and with that the speed; a result has the
/// same bits at any size.
/// </summary>
/// <remarks>
/// x86 processors tell it by an instruction (CPUID, leaf 0x80000006), which virtual machines pass on where they hide newer leaves; Linux on other
/// processors by files. Where neither does, such as on Windows and macOS for Arm, it is taken to be <see cref="Usual"/>. The environment
/// variable <see cref="Variable"/> goes before all: for tests, and for virtual machines that report another processor's.
/// </remarks>
/// <param name="Bytes">Its size.</param>
internal sealed record SecondLevelCache(int Bytes)
{
    /// <summary>The environment variable that sets the size in kilobytes.</summary>
    public const string Variable = "MINIGPT_L2_KB";

    private const int LeastKilobytes = 16;
    private const int MostKilobytes = 1 << 20;
    private const string LinuxFolder = "/sys/devices/system/cpu/cpu0/cache";

    private static SecondLevelCache? s_ofThisMachine;

    /// <summary>What most processors have at the least since about 2015.</summary>
    public static SecondLevelCache Usual { get; } = new(512 << 10);

    /// <summary>That of this machine; tests set others.</summary>
    /// <exception cref="ArgumentException"><see cref="Variable"/> is set to something else than a size.</exception>
    public static SecondLevelCache OfThisMachine
    {
        get => s_ofThisMachine ??= Find(Environment.GetEnvironmentVariable(Variable));
        set => s_ofThisMachine = value;
    }

    /// <summary>The size that <paramref name="setting"/> says, or where it says nothing, the one that this machine tells.</summary>
    /// <exception cref="ArgumentException">The setting is something else than a size.</exception>
    public static SecondLevelCache Find(string? setting)
    {
        if (!string.IsNullOrWhiteSpace(setting))
        {
            return int.TryParse(setting, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int kilobytes)
                && IsPossible(kilobytes)
                ? new(kilobytes << 10)
                : throw new ArgumentException($"{Variable} is '{setting}': the kilobytes of the second-level cache expected, such as 1024");
        }

        return X86Base.IsSupported ? FromProcessor() : OperatingSystem.IsLinux() ? FromFiles(LinuxFolder) : Usual;
    }

    /// <summary>The size in a folder laid out as Linux's /sys/devices/system/cpu/cpu0/cache; the usual one where it names none.</summary>
    public static SecondLevelCache FromFiles(string folder)
    {
        for (int index = 0; Directory.Exists(Path.Combine(folder, $"index{index}")); index++)
        {
            string size = Read("size");
            if (Read("level") == "2" && Read("type") is "Data" or "Unified" && size.EndsWith('K')
                && int.TryParse(size[..^1], CultureInfo.InvariantCulture, out int kilobytes) && IsPossible(kilobytes))
            {
                return new(kilobytes << 10);
            }

            string Read(string name)
            {
                string path = Path.Combine(folder, $"index{index}", name);
                return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
            }
        }

        return Usual;
    }

    private static SecondLevelCache FromProcessor()
    {
        const int LastExtendedLeaf = unchecked((int)0x80000000), Leaf = LastExtendedLeaf + 6;
        int kilobytes = (uint)X86Base.CpuId(LastExtendedLeaf, 0).Eax >= unchecked((uint)Leaf) ? X86Base.CpuId(Leaf, 0).Ecx >>> 16 : 0;
        return IsPossible(kilobytes) ? new(kilobytes << 10) : Usual;
    }

    private static bool IsPossible(int kilobytes) => kilobytes is >= LeastKilobytes and < MostKilobytes;
}
