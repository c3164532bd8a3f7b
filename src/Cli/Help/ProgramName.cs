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
        if (isFound)
            return Path.GetFileNameWithoutExtension(process);
        string file = Shortest(process, current), quoted = Quoted(file);
        return OperatingSystem.IsWindows() && quoted != file ? $"& {quoted}" : quoted; // PowerShell takes a text alone for a text
    }

    /// <summary>A word as the shell takes it that hints are pasted into: PowerShell on Windows, a POSIX shell elsewhere.</summary>
    public static string Quoted(string word) => Quoted(word, OperatingSystem.IsWindows());

    /// <summary>A word in single quotes, within which a shell changes nothing, unless all of its characters stand for themselves.</summary>
    internal static string Quoted(string word, bool forPowerShell)
    {
        bool isPlain = word.Length > 0 && word.All(letter => char.IsLetterOrDigit(letter) || letter is '_' or '-' or '.' or '/' or ':' or '+' or '%' || (forPowerShell && letter == '\\'));
        return isPlain ? word : $"'{word.Replace("'", forPowerShell ? "''" : "'\\''", StringComparison.Ordinal)}'";
    }

    private static string Shortest(string path, string current)
    {
        string relative = Path.GetRelativePath(current, path);
        return relative.StartsWith("..", StringComparison.Ordinal) || Path.IsPathRooted(relative) ? path : Path.Combine(".", relative);
    }
}
