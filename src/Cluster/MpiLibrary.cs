using System.Runtime.InteropServices;
using System.Text;

namespace MiniGpt.Cluster;

/// <summary>Finds and loads the MPI library of this machine, and tells which one it is.</summary>
/// <param name="Kind">Which implementation.</param>
/// <param name="World">The communicator of all ranks.</param>
/// <param name="Byte">The type of a byte.</param>
/// <param name="Version">Its name and number.</param>
internal sealed record MpiLibrary(MpiKind Kind, nint World, nint Byte, string Version)
{
    /// <summary>An environment variable that names the library, where none is found by itself or the wrong one.</summary>
    public const string PathVariable = "MINIGPT_MPI_LIBRARY";

    private const int LongestVersion = 8192; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH and the standard; Open MPI's is shorter
    private const string StandardName = "libmpi_abi.so.0";

    private static readonly string[] s_openMpi = ["libmpi.so.40"];
    private static readonly string[] s_mpich = ["libmpich.so.12", "libmpi.so.12"];
    private static readonly string[] s_any = [StandardName, "libmpi.so", "libmpi.dylib", "libmpich.so"];

    private static nint s_loaded;

    /// <summary>Loads the library, that of whoever started this process first.</summary>
    /// <param name="launch">How it was started.</param>
    /// <exception cref="ClusterException">There is none, or one that cannot be used.</exception>
    public static MpiLibrary Load(Launch launch)
    {
        string? given = Environment.GetEnvironmentVariable(PathVariable);
        string found = string.IsNullOrEmpty(given)
            ? Open(Candidates(launch), $"no MPI library found on this machine, Open MPI or MPICH expected: name its libmpi.so in {PathVariable}, "
                + "or install one (Debian and Ubuntu: apt-get install openmpi-bin, or mpich; Fedora: dnf install openmpi)")
            : Open([given], $"{PathVariable} names {given}, which cannot be loaded: the path of a libmpi.so or libmpich.so expected");
        NativeLibrary.SetDllImportResolver(typeof(MpiNative).Assembly, (name, _, _) => name == MpiNative.Library ? s_loaded : 0);

        string version = ReadVersion();
        MpiKind kind = KindOf(found, version);
        return new MpiLibrary(kind, HandleOf(kind.World, kind.WorldSymbol), HandleOf(kind.Byte, kind.ByteSymbol), ShortName(version));
    }

    /// <summary>Loads the first library of some that there is.</summary>
    /// <exception cref="ClusterException">There is none of them.</exception>
    internal static string Open(IEnumerable<string> candidates, string missing) =>
        candidates.FirstOrDefault(name => NativeLibrary.TryLoad(name, out s_loaded)) ?? throw new ClusterException(missing);

    /// <summary>Tells implementations apart.</summary>
    /// <param name="name">The name of the library.</param>
    /// <param name="version">What it says of itself.</param>
    /// <exception cref="ClusterException">It is none that is known here.</exception>
    public static MpiKind KindOf(string name, string version) =>
        Path.GetFileName(name).StartsWith("libmpi_abi.", StringComparison.Ordinal) ? MpiKind.Standard
        : version.StartsWith("Open MPI", StringComparison.Ordinal) ? MpiKind.OpenMpi
        : version.StartsWith("MPICH", StringComparison.Ordinal) || version.StartsWith("Intel(R) MPI", StringComparison.Ordinal)
            || version.Contains("MPICH", StringComparison.Ordinal) ? MpiKind.Mpich
        : throw new ClusterException($"{name} is '{version}': Open MPI, MPICH or a library with MPICH's interface expected");

    /// <summary>Name and number alone: "Open MPI v4.1.4" of what goes on with packages and dates, "MPICH 4.0.2" of "MPICH Version:\t4.0.2".</summary>
    public static string ShortName(string version) =>
        string.Join(' ', version.Split('\n')[0].Split(',')[0].Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Where(word => word is not "Version:"));

    /// <summary>The names to try: those beside the mpirun on the path come after those that the system knows.</summary>
    private static IEnumerable<string> Candidates(Launch launch)
    {
        string[] names = launch.Launcher == Launcher.OpenMpi ? [.. s_openMpi, .. s_any, .. s_mpich] : [.. s_mpich, .. s_any, .. s_openMpi];
        string[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(folder => File.Exists(Path.Combine(folder, "mpirun"))).Select(folder => Path.Combine(folder, "..", "lib"))];
        return names.Concat(folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name))).Where(File.Exists));
    }

    private static string ReadVersion()
    {
        byte[] version = new byte[LongestVersion];
        if (MpiNative.GetLibraryVersion(ref version[0], out int length) != 0)
            return "";
        return Encoding.UTF8.GetString(version, 0, Math.Clamp(length, 0, version.Length)).TrimEnd('\0');
    }

    private static nint HandleOf(nint constant, string symbol) => symbol.Length == 0 ? constant : NativeLibrary.GetExport(s_loaded, symbol);
}
