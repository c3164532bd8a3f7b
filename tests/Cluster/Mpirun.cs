using System.Diagnostics;
using MiniGpt.Tests.Cli;
using Xunit;

namespace MiniGpt.Tests.Cluster;

/// <summary>The programs that start ranks, where there are some, and the real program started by them.</summary>
internal static class Mpirun
{
    private static readonly string[] s_folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);

    /// <summary>The implementations that this machine has, by the names that Debian gives their programs; else whatever mpirun is.</summary>
    public static IReadOnlyList<string> Found { get; } = Find();

    /// <summary>A row for each of them; one without a program where there is none, whose test is skipped.</summary>
    public static TheoryData<string> All { get; } = [.. Found.DefaultIfEmpty("")];

    public static void SkipWithout(string mpirun) => Assert.SkipWhen(mpirun.Length == 0, "there is no mpirun on the path");

    /// <summary>Starts the program on some ranks.</summary>
    public static Process Start(string mpirun, int ranks, string folder, params string[] arguments) =>
        Start(mpirun, folder, ["-n", $"{ranks}", .. Program, .. arguments]);

    /// <summary>What runs the program.</summary>
    public static string[] Program { get; } = ["dotnet", Path.Combine(AppContext.BaseDirectory, "minigpt.dll")];

    /// <summary>Starts an mpirun with its own arguments.</summary>
    public static Process Start(string mpirun, string folder, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(mpirun, [.. OptionsOf(mpirun), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["TERM"] = "dumb";
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    public static Outcome Run(string mpirun, int ranks, string folder, params string[] arguments)
    {
        using Process process = Start(mpirun, ranks, folder, arguments);
        return Minigpt.OutcomeOf(process);
    }

    private static string[] OptionsOf(string mpirun) => mpirun.EndsWith("mpich", StringComparison.Ordinal) || !IsOpenMpi(mpirun)
        ? []
        : ["--allow-run-as-root", "--oversubscribe"];

    private static bool IsOpenMpi(string mpirun)
    {
        using Process process = Process.Start(new ProcessStartInfo(mpirun, "--version") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        return process.StandardOutput.ReadToEnd().Contains("Open", StringComparison.Ordinal);
    }

    private static string[] Find()
    {
        string[] named = [.. new[] { "mpirun.openmpi", "mpirun.mpich" }.Where(IsOnPath)];
        return named.Length > 0 ? named : IsOnPath("mpirun") ? ["mpirun"] : [];
    }

    private static bool IsOnPath(string name) => s_folders.Any(folder => File.Exists(Path.Combine(folder, name)));
}
