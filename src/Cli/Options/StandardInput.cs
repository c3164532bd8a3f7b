using MiniGpt.Model.Data;

namespace MiniGpt.Cli.Options;

/// <summary>Standard input, the waiting for which ends where it is cancelled.</summary>
internal static class StandardInput
{
    /// <summary>Standard input as a stream of which every read ends with an <see cref="OperationCanceledException"/> once it is cancelled.</summary>
    public static Stream Open(CancellationToken cancellationToken) => new WaitingStream(Console.OpenStandardInput(), cancellationToken);

    private static bool s_hasBegun; // only before the first line a byte-order mark is one

    /// <summary>The next line of standard input, without a byte-order mark before the first; null at its end.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before there was one.</exception>
    public static string? ReadLine(CancellationToken cancellationToken)
    {
        string? line = WaitingStream.Await(Console.In.ReadLine, cancellationToken);
        bool hasMark = !s_hasBegun && line is ['\uFEFF', ..];
        s_hasBegun = true;
        return hasMark ? line![1..] : line;
    }
}
