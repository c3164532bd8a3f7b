using System.Diagnostics;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>What the program wrote and how it ended.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>The real program, in a process other than the tests'.</summary>
internal static class Minigpt
{
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    /// <summary>What a shell runs the program as: $MINIGPT there.</summary>
    public static string Command { get; } = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "minigpt.dll")}'";

    /// <summary>Runs a command line to its end, in a process that has run others before, where the system is one that has such: see <see cref="WarmProgram"/>.</summary>
    public static Outcome Run(string folder, params string[] arguments)
    {
        if (!OperatingSystem.IsWindows())
            return WarmProgram.Run(folder, s_longest, arguments);
        using Process process = Start(folder, arguments);
        return OutcomeOf(process);
    }

    /// <summary>Runs it with a text on its standard input.</summary>
    public static Outcome RunWithInput(string folder, string input, params string[] arguments)
    {
        using Process process = StartWithInput(folder, input, arguments);
        return OutcomeOf(process);
    }

    /// <summary>Starts it with a text on its standard input, its standard output and error to be read.</summary>
    public static Process StartWithInput(string folder, string input, params string[] arguments) =>
        StartProcess(folder, "dotnet", [Path.Combine(AppContext.BaseDirectory, "minigpt.dll"), .. arguments], new Dictionary<string, string>(), input);

    /// <summary>Starts it with a standard input that stays open.</summary>
    public static Process StartWithOpenInput(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        StartProcess(folder, "dotnet", [Path.Combine(AppContext.BaseDirectory, "minigpt.dll"), .. arguments], environment, input: null);

    /// <summary>Runs what must succeed.</summary>
    public static string Success(string folder, params string[] arguments)
    {
        Outcome outcome = Run(folder, arguments);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Output;
    }

    /// <summary>Runs what must be refused in one line that names what is wrong.</summary>
    public static string Refusal(string folder, int exitCode, string named, params string[] arguments)
    {
        Outcome outcome = Run(folder, arguments);
        Assert.True(outcome.ExitCode == exitCode, $"{outcome.ExitCode}: {outcome.Error}");
        Assert.Empty(outcome.Output);
        Assert.StartsWith("minigpt: ", outcome.Error);
        Assert.Equal(outcome.Error.Length - 1, outcome.Error.IndexOf('\n'));
        Assert.DoesNotContain("   at ", outcome.Error);
        Assert.Contains(named, outcome.Error);
        return outcome.Error;
    }

    /// <summary>Starts the program, its standard output and error to be read, its standard input closed.</summary>
    public static Process Start(string folder, params string[] arguments) => Start(folder, new Dictionary<string, string>(), arguments);

    /// <summary>Starts the program with variables of its environment.</summary>
    public static Process Start(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        StartProcess(folder, "dotnet", [Path.Combine(AppContext.BaseDirectory, "minigpt.dll"), .. arguments], environment);

    /// <summary>Runs a line of a Unix shell in which minigpt is the program.</summary>
    public static Outcome Shell(string folder, string script)
    {
        using Process process = StartProcess(folder, "sh", ["-c", script.Replace("minigpt ", $"{Command} ")], new Dictionary<string, string>());
        return OutcomeOf(process);
    }

    /// <summary>Waits for the end of a process and reads what it wrote.</summary>
    public static Outcome OutcomeOf(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_longest))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"the program does not end; it wrote: {output.Result}{error.Result}");
        }
        return new Outcome(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Lets a program speak English, whatever the locale of whoever runs the tests.</summary>
    public static void SpeakEnglish(ProcessStartInfo start)
    {
        start.Environment.Remove("LC_ALL");
        start.Environment["LC_MESSAGES"] = "C";
    }

    private static Process StartProcess(
        string folder, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string? input = "")
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        SpeakEnglish(start);
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        Process process = Process.Start(start)!;
        if (input is null)
            return process;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        return process;
    }
}
