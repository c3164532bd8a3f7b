using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO.Pipes;

namespace MiniGpt.Tests.Cli;

/// <summary>
/// A process of the real program that runs one command line after the other, each in its own folder: what was compiled for one command serves
/// the next. Starting anew for each of some 700 command lines took most of the suite's time. Its standard output and error are files.
/// </summary>
internal sealed class WarmProgram : IDisposable
{
    private static readonly ConcurrentBag<WarmProgram> s_idle = [];

    private readonly TemporaryFolder _folder = new();
    private readonly NamedPipeServerStream _pipe;
    private readonly BinaryReader _reader;
    private readonly BinaryWriter _writer;
    private readonly Process _process;

    private WarmProgram()
    {
        string name = $"minigpt-{Guid.NewGuid():N}";
        _pipe = new NamedPipeServerStream(name);
        ProcessStartInfo start = new("sh", ["-c", $"exec {Minigpt.Command} </dev/null >'{OutputFile}' 2>'{ErrorFile}'"]);
        Minigpt.SpeakEnglish(start);
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(WarmProgram).Assembly.Location;
        start.Environment[WarmCommands.PipeVariable] = name;
        _process = Process.Start(start)!;
        _pipe.WaitForConnection();
        _reader = new BinaryReader(_pipe);
        _writer = new BinaryWriter(_pipe);
    }

    private string OutputFile => _folder.File("output");

    private string ErrorFile => _folder.File("error");

    /// <summary>Runs a command line in a process that is idle, or in a new one.</summary>
    /// <param name="folder">The current folder of the command.</param>
    /// <param name="longest">A command that takes longer is ended, with its process.</param>
    /// <param name="arguments">The verb and what follows it.</param>
    /// <exception cref="TimeoutException">It took longer.</exception>
    public static Outcome Run(string folder, TimeSpan longest, params string[] arguments)
    {
        WarmProgram program = s_idle.TryTake(out WarmProgram? idle) ? idle : new WarmProgram();
        Task<int?> running = Task.Run(() => program.ExitCodeOf(folder, arguments));
        if (!running.Wait(longest))
        {
            program._process.Kill();
            throw new TimeoutException($"the program does not end; it wrote: {File.ReadAllText(program.OutputFile)}{File.ReadAllText(program.ErrorFile)}");
        }
        int exitCode = running.Result ?? program.ExitCodeOfItself();
        Outcome outcome = new(exitCode, File.ReadAllText(program.OutputFile), File.ReadAllText(program.ErrorFile));
        if (running.Result is null)
            program.Dispose();
        else
            s_idle.Add(program);
        return outcome;
    }

    public void Dispose()
    {
        _pipe.Dispose();
        _process.Dispose();
        _folder.Dispose();
    }

    /// <summary>The exit code of a command; null where it ended the process.</summary>
    private int? ExitCodeOf(string folder, string[] arguments)
    {
        // The program writes on at the position that it has reached: its own hook goes back to the beginning.
        _writer.Write(Path.GetFullPath(folder));
        _writer.Write(arguments.Length);
        foreach (string argument in arguments)
            _writer.Write(argument);
        try
        {
            return _reader.ReadInt32();
        }
        catch (EndOfStreamException)
        {
            return null;
        }
    }

    private int ExitCodeOfItself()
    {
        _process.WaitForExit();
        return _process.ExitCode;
    }
}
