using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>What the program wrote and how it ended.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>The real program, in a process of its own.</summary>
internal static class Minigpt
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    public static Outcome Run(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "minigpt.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(s_longest), "the program does not end");
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Runs what must succeed.</summary>
    public static string Success(string folder, params string[] arguments)
    {
        Outcome outcome = Run(folder, arguments);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output;
    }
}
