using System.Text.RegularExpressions;

namespace MiniGpt.Tests.Architecture;

/// <summary>The files of this repository, for tests that read them.</summary>
internal static partial class Sources
{
    public static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MiniGpt.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} has MiniGpt.sln.");
    }

    /// <summary>The C# files below a folder that somebody wrote.</summary>
    public static IEnumerable<string> Under(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(folder, file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"));

    public static string WithoutComments(string code) => CommentsAndStrings().Replace(code, " ");

    [GeneratedRegex("""//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*(?:"|$)""", RegexOptions.Singleline)]
    private static partial Regex CommentsAndStrings();
}
