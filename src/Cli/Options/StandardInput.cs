using MiniGpt.Model.Files;

namespace MiniGpt.Cli.Options;

/// <summary>Standard input, the waiting for which ends where it is cancelled.</summary>
internal static class StandardInput
{
    /// <summary>Standard input as a stream of which every read ends with an <see cref="OperationCanceledException"/> once it is cancelled.</summary>
    public static Stream Open(CancellationToken cancellationToken) => new WaitingStream(Console.OpenStandardInput(), cancellationToken);

    /// <summary>The next line of standard input; null at its end.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before there was one.</exception>
    public static string? ReadLine(CancellationToken cancellationToken) => WaitingStream.Await(Console.In.ReadLine, cancellationToken);
}
