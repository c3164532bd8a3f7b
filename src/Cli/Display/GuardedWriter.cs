using System.Text;
using MiniGpt.Cli.Speech;

namespace MiniGpt.Cli.Display;

/// <summary>
/// Standard output or error, which may be full or gone: closed by whoever started the program, or with the terminal that it was.
/// </summary>
/// <param name="inner">The stream.</param>
/// <param name="failed">Is given what the system said. Where it returns, the text is dropped.</param>
internal sealed class GuardedWriter(TextWriter inner, Action<Exception> failed) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    /// <summary>Guards both streams. Results that cannot be written are a failure; talk that nobody hears must not end a run of hours.</summary>
    public static void Install()
    {
        Console.SetOut(new GuardedWriter(Console.Out, error => throw Failure(error)));
        Console.SetError(new GuardedWriter(Console.Error, _ => { }));
    }

    /// <summary>That results cannot be written, and what the system says of it.</summary>
    public static IOException Failure(Exception error) => new(Messages.Of("error.output", ("reason", error.Message)), error);

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    // In one piece, so that lines of several processes do not mix.
    public override void WriteLine(string? value) => Write($"{value}{NewLine}");

    public override void Write(ReadOnlySpan<char> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failed(error);
        }
    }

    public override void Flush()
    {
        try
        {
            inner.Flush();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            failed(error);
        }
    }
}
