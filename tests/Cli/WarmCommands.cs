using System.IO.Pipes;
using System.Reflection;
using System.Runtime.InteropServices;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Tests.Cli;

/// <summary>The other end of <see cref="WarmProgram"/>, in the program's own process.</summary>
internal static partial class WarmCommands
{
    /// <summary>The variable with the name of the pipe that commands come through.</summary>
    public const string PipeVariable = "MINIGPT_TEST_COMMANDS";

    private const int Output = 1, Error = 2; // file descriptors

    /// <summary>Runs commands until there are no more, and ends the process.</summary>
    /// <param name="name">The pipe that they come through.</param>
    public static void Serve(string name)
    {
        MethodInfo main = Assembly.Load("minigpt").EntryPoint!;
        using NamedPipeClientStream pipe = new(".", name);
        pipe.Connect();
        using BinaryReader reader = new(pipe);
        using BinaryWriter writer = new(pipe);
        while (TryReadFolder(reader, out string folder))
        {
            string[] arguments = new string[reader.ReadInt32()];
            for (int i = 0; i < arguments.Length; i++)
                arguments[i] = reader.ReadString();
            Environment.CurrentDirectory = folder;
            Empty(Output);
            Empty(Error);
            Workers.Count = 0; // as in a new process
            int exitCode = (int)main.Invoke(null, [arguments])!;
            Environment.CurrentDirectory = "/"; // so that the folder can be deleted
            writer.Write(exitCode);
        }
        Environment.Exit(0);
    }

    private static bool TryReadFolder(BinaryReader reader, out string folder)
    {
        try
        {
            folder = reader.ReadString();
            return true;
        }
        catch (EndOfStreamException)
        {
            folder = "";
            return false;
        }
    }

    /// <summary>Empties the file behind a descriptor and goes back to its beginning, for everyone who writes there.</summary>
    private static void Empty(int descriptor)
    {
        if (ftruncate(descriptor, 0) != 0 || lseek(descriptor, 0, 0) != 0)
            throw new IOException($"descriptor {descriptor} is not a file");
    }

    [LibraryImport("libc")]
    private static partial int ftruncate(int descriptor, nint length);

    [LibraryImport("libc")]
    private static partial nint lseek(int descriptor, nint offset, int origin);
}
