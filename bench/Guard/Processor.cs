using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace MiniGpt.Bench.Guard;

/// <summary>The kind of processor that this is: ratios to other libraries differ from one to the next.</summary>
internal static class Processor
{
    /// <summary>The name of its microarchitecture, or its maker, family and model where this has no name for them.</summary>
    public static string Name { get; } = Find();

    private static string Find()
    {
        if (!X86Base.IsSupported)
            return RuntimeInformation.ProcessArchitecture.ToString();

        (_, int first, int third, int second) = X86Base.CpuId(0, 0);
        string maker = Encoding.ASCII.GetString([.. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second), .. BitConverter.GetBytes(third)]);
        int signature = X86Base.CpuId(1, 0).Eax;
        int family = (signature >> 8) & 15, model = (signature >> 4) & 15;
        if (family is 6 or 15)
            model |= ((signature >> 16) & 15) << 4;
        if (family == 15)
            family += (signature >> 20) & 255;

        // Families and models as Linux tells them apart (arch/x86/kernel/cpu/amd.c, arch/x86/include/asm/intel-family.h).
        return (maker, family, model) switch
        {
            ("AuthenticAMD", 25, (>= 0x10 and <= 0x1F) or (>= 0x60 and <= 0xAF)) => "Zen 4",
            ("AuthenticAMD", 26, <= 0x2F or (>= 0x40 and <= 0x4F) or (>= 0x60 and <= 0x7F)) => "Zen 5",
            ("GenuineIntel", 6, 0x8F) => "Sapphire Rapids",
            ("GenuineIntel", 6, 0xCF) => "Emerald Rapids",
            _ => $"{maker} family {family} model {model}",
        };
    }
}
