using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MiniGpt.Cli.Display;

/// <summary>Standard output for text that streams: written at once, and aware of a reader that has gone, of which Console says nothing.</summary>
internal static class StandardOutput
{
    private const int Descriptor = 1;
    private const int BrokenPipe = 32; // EPIPE, on Linux and on macOS

    /// <summary>Opens it. The writer throws an <see cref="IOException"/> where it cannot write: see <see cref="IsClosed"/>.</summary>
    public static TextWriter Open()
    {
        Stream stream = Console.OpenStandardOutput();
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            // A file is left to Console, which shares the position in it with whoever else writes there.
            FileStream pipe = new(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            stream = pipe.CanSeek ? stream : pipe;
        }
        StreamWriter writer = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
        GuardedWriter guarded = new(writer, error => throw (error is IOException closed && IsClosed(closed) ? closed : GuardedWriter.Failure(error)));
        return Console.IsOutputRedirected ? guarded : new VisibleWriter(guarded);
    }

    /// <summary>Whether nobody reads any more: no failure, since whoever reads may have seen enough.</summary>
    public static bool IsClosed(IOException error) => error.HResult == BrokenPipe;
}
