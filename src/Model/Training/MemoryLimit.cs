using System.Globalization;

namespace MiniGpt.Model.Training;

/// <summary>How much memory this process can take beside what it has, by whichever limit is the lowest.</summary>
/// <param name="Bytes">The bytes that are left.</param>
/// <param name="Whose">What sets the limit, in words.</param>
public readonly record struct MemoryLimit(long Bytes, string Whose)
{
    private const string Groups = "/sys/fs/cgroup";

    /// <summary>
    /// The lowest of the machine's memory, the limits of the control groups that the process is in (containers), and the limit of its address
    /// space. On systems without /proc, what the runtime says.
    /// </summary>
    public static MemoryLimit Find()
    {
        MemoryLimit lowest = Machine();
        foreach (MemoryLimit limit in Containers().Concat(AddressSpace()))
        {
            if (limit.Bytes < lowest.Bytes)
                lowest = limit;
        }
        return lowest;
    }

    private static MemoryLimit Machine() => FieldOf("/proc/meminfo", "MemTotal:") is long kilobytes
        ? new((kilobytes + (FieldOf("/proc/meminfo", "SwapTotal:") ?? 0)) * 1024 - Environment.WorkingSet, "this machine")
        : new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet, "this machine");

    /// <summary>Version 2 names one group ("0::/path"), version 1 one a controller ("4:memory:/path"); a group is bound by those above it.</summary>
    private static IEnumerable<MemoryLimit> Containers()
    {
        foreach (string[] parts in Lines("/proc/self/cgroup").Select(line => line.Split(':', 3)).Where(parts => parts.Length == 3))
        {
            (string root, string file) = parts[1] switch
            {
                "" => (Groups, "memory.max"),
                string controllers when controllers.Split(',').Contains("memory") => ($"{Groups}/memory", "memory.limit_in_bytes"),
                _ => ("", ""),
            };
            if (root.Length == 0)
                continue;
            for (string? path = parts[2].TrimEnd('/'); path is not null; path = path.Length > 0 ? path[..path.LastIndexOf('/')] : null)
            {
                // No limit is "max", or a number near the largest there is.
                if (long.TryParse(Lines($"{root}{path}/{file}").FirstOrDefault(), CultureInfo.InvariantCulture, out long bytes))
                    yield return new(bytes - Environment.WorkingSet, "the container");
            }
        }
    }

    private static IEnumerable<MemoryLimit> AddressSpace()
    {
        const string name = "Max address space";
        string? line = Lines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        if (long.TryParse(line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture, out long bytes))
            yield return new(bytes - (FieldOf("/proc/self/status", "VmSize:") ?? 0) * 1024, "the limit of its address space");
    }

    private static long? FieldOf(string file, string name) =>
        Lines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is string line
        && long.TryParse(line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture, out long value)
            ? value
            : null;

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];
}
