using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests;

/// <summary>Files that are none, as archives and other programs leave them.</summary>
internal static class SpecialFiles
{
    public static void MakePipe(string path)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "there are no pipes with names in folders");
        using Process process = Process.Start("mkfifo", [path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>A path that is a pipe into which somebody writes once it is opened.</summary>
    public static Task FillPipe(string path, byte[] content)
    {
        MakePipe(path);
        return Task.Run(() => File.WriteAllBytes(path, content));
    }
}
