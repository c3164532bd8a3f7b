using System.Globalization;
using MiniGpt.Model.Distribution;

namespace MiniGpt.Cluster;

/// <summary>Where each rank runs.</summary>
/// <param name="Host">The name of its machine.</param>
/// <param name="Machine">What tells its machine, and on it the container, from all others.</param>
/// <param name="Process">The number of its process there.</param>
/// <param name="Cores">The processors that it may use, as the system lists them.</param>
internal sealed record Peer(string Host, string Machine, int Process, string Cores);

/// <summary>Who the ranks are, and whether those on this machine are still there.</summary>
internal sealed class Peers
{
    private const string Boot = "/proc/sys/kernel/random/boot_id", Processes = "/proc/self/ns/pid";
    private const string Status = "/proc/self/status";
    private const string CoresKey = "Cpus_allowed_list:";

    private readonly int _rank;
    private readonly int[] _here;

    private Peers(int rank, Peer[] all)
    {
        (_rank, All) = (rank, all);
        _here = [.. Enumerable.Range(0, all.Length).Where(other => all[other].Machine == all[rank].Machine)];
    }

    /// <summary>All ranks.</summary>
    public IReadOnlyList<Peer> All { get; }

    /// <summary>The ranks on this machine.</summary>
    public IReadOnlyList<int> Here => _here;

    /// <summary>The number of this rank among those of its machine.</summary>
    public int RankHere => Array.IndexOf(_here, _rank);

    /// <summary>The number of this rank among those that may use the same processors of this machine.</summary>
    public (int Index, int Count) AmongSameCores
    {
        get
        {
            int[] same = [.. _here.Where(other => All[other].Cores == All[_rank].Cores)];
            return (Array.IndexOf(same, _rank), same.Length);
        }
    }

    /// <summary>Tells all ranks where each of them runs.</summary>
    public static Peers Meet(ICollective ranks) => new(ranks.Rank, [.. ranks.AllGather(
        $"{Environment.MachineName}\n{OwnMachine()}\n{Environment.ProcessId}\n{OwnCores()}").Select(text => text.Split('\n')).Select(parts =>
            new Peer(parts[0], parts[1], int.Parse(parts[2], CultureInfo.InvariantCulture), parts[3]))]);

    /// <summary>A rank as messages call it.</summary>
    public string Name(int rank) => $"rank {rank} of {All.Count} (process {All[rank].Process} on {All[rank].Host})";

    /// <summary>A rank on this machine whose process is gone; null where none is, or the system does not say it.</summary>
    public int? FindDead()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        foreach (int other in _here)
        {
            if (other != _rank && IsGone(All[other].Process))
                return other;
        }
        return null;
    }

    /// <summary>Whether this rank is the one of its machine that speaks when another one is gone.</summary>
    public bool Speaks(int dead) => _here.First(other => other != dead && (other == _rank || !IsGone(All[other].Process))) == _rank;

    /// <summary>Whether a process has ended, if it is still to be buried.</summary>
    private static bool IsGone(int process)
    {
        try
        {
            string status = File.ReadAllText($"/proc/{process}/stat");
            int end = status.LastIndexOf(')'); // of the name, which can be anything
            return end + 2 < status.Length && status[end + 2] is 'Z' or 'X';
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return error is FileNotFoundException or DirectoryNotFoundException || !Directory.Exists($"/proc/{process}");
        }
    }

    /// <summary>Names of machines need not differ, and containers of one machine do not see each other's processes.</summary>
    private static string OwnMachine() => File.Exists(Boot)
        ? $"{File.ReadAllText(Boot).Trim()} {new FileInfo(Processes).LinkTarget}"
        : Environment.MachineName;

    private static string OwnCores() => File.Exists(Status)
        ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(CoresKey, StringComparison.Ordinal))?[CoresKey.Length..].Trim() ?? ""
        : "";
}
