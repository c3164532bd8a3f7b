namespace MiniGpt.Cli.Help;

/// <summary>The program as it was started, so that a command line that is shown can be pasted into the same shell.</summary>
internal static class ProgramName
{
    private const string Project = "MiniGpt.Cli.csproj";

    private static readonly Lazy<string> s_current = new(() => Of(
        Environment.ProcessPath, Environment.GetCommandLineArgs()[0], AppContext.BaseDirectory, Environment.CurrentDirectory, Environment.GetEnvironmentVariable("PATH")));

    /// <summary>What to write before a verb: "minigpt" where the shell finds it.</summary>
    public static string Current => s_current.Value;

    /// <summary>What to write before a verb.</summary>
    /// <param name="process">The file that the operating system started.</param>
    /// <param name="assembly">The program's own file, which is the other's argument where that is the host of .NET.</param>
    /// <param name="folder">The folder of the program's files.</param>
    /// <param name="current">The current folder.</param>
    /// <param name="searched">Where the shell looks for programs.</param>
    internal static string Of(string? process, string assembly, string folder, string current, string? searched)
    {
        if (process is null || Path.GetFileNameWithoutExtension(process) == "dotnet")
            return $"dotnet {Quoted(Shortest(assembly, current))}";
        // What `dotnet run` starts lies in bin/CONFIGURATION/FRAMEWORK below the project.
        string? configuration = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)), output = Path.GetDirectoryName(configuration);
        if (Path.GetFileName(output) == "bin" && Path.GetDirectoryName(output) is string project && File.Exists(Path.Combine(project, Project)))
            return $"dotnet run -c {Path.GetFileName(configuration)} --project {Quoted(Path.GetRelativePath(current, project))} --";
        string name = Path.GetFileName(process);
        bool isFound = searched?.Split(Path.PathSeparator).Any(place => place.Length > 0 && File.Exists(Path.Combine(place, name))) ?? false;
        return isFound ? Path.GetFileNameWithoutExtension(process) : Quoted(Shortest(process, current));
    }

    /// <summary>A path as a shell takes it.</summary>
    public static string Quoted(string path) => path.Contains(' ') ? $"\"{path}\"" : path;

    private static string Shortest(string path, string current)
    {
        string relative = Path.GetRelativePath(current, path);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? path : Path.Combine(".", relative);
    }
}
