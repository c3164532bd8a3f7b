namespace MiniGpt.Tests;

/// <summary>Packages from npm that tests use where they are.</summary>
internal static class NodeModules
{
    /// <summary>The folder that has a package: named by the environment, or beside node's own; null where it is in none.</summary>
    public static string? With(string package) =>
        new[] { Environment.GetEnvironmentVariable("MINIGPT_NODE_MODULES"), "/usr/local/lib/node_modules", "/usr/lib/node_modules", "/usr/share/nodejs" }
            .FirstOrDefault(folder => folder is not null && Directory.Exists(Path.Combine(folder, package)));
}
