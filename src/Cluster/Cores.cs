using System.Diagnostics;

namespace MiniGpt.Cluster;

/// <summary>The processors of a machine, shared among the ranks that may use the same ones.</summary>
internal static class Cores
{
    /// <summary>
    /// Takes a rank's share: threads that are started from here on run there alone. Where there are more ranks than processors, each has one
    /// thread, and the system decides where.
    /// </summary>
    /// <param name="among">The number of this rank among those that may use the same processors, and how many they are.</param>
    /// <returns>How many threads the rank should use.</returns>
    public static int Take((int Index, int Count) among)
    {
        int processors = Environment.ProcessorCount;
        if (among.Count <= 1 || among.Count > processors)
            return among.Count <= 1 ? processors : 1;
        (int first, int end) = ShareOf(processors, among);
        Pin(first, end);
        return end - first;
    }

    /// <summary>A rank's processors out of some, as even as they can be divided.</summary>
    public static (int First, int End) ShareOf(int processors, (int Index, int Count) among) =>
        ((int)((long)processors * among.Index / among.Count), (int)((long)processors * (among.Index + 1) / among.Count));

    /// <summary>Keeps this thread, and those that it starts, on some of the processors that the process may use. A system that cannot do so decides itself.</summary>
    private static void Pin(int first, int end)
    {
        if (!OperatingSystem.IsLinux())
            return;
        using Process self = Process.GetCurrentProcess();
        ulong allowed = (ulong)self.ProcessorAffinity, own = 0;
        int index = 0;
        for (int processor = 0; processor < 64; processor++)
        {
            if ((allowed >> processor & 1) != 0 && index++ is var number && number >= first && number < end)
                own |= 1UL << processor;
        }
        // A mask of 64 bits says nothing of machines with more processors than that.
        if (own != 0 && index == Environment.ProcessorCount)
            self.ProcessorAffinity = (nint)own;
    }
}
