using System.Text;

namespace MiniGpt.Cli.Display;

/// <summary>
/// Text out of files and models, such that it can be seen and nothing of it is obeyed: a terminal takes control characters for orders, to move,
/// to rename its window, to answer. They are written as their numbers, such as \x1B; line ends and tabs stay.
/// </summary>
internal static class Visible
{
    /// <summary>The text with every control character but tabs and line ends written as its number.</summary>
    public static string Of(string text) => IsSafe(text) ? text : Written(text, keepsLines: true);

    /// <summary>The same on one line: line ends become spaces.</summary>
    public static string Line(string text) => Written(text.ReplaceLineEndings(" "), keepsLines: false);

    private static bool IsSafe(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (IsObeyed(text, i))
                return false;
        }
        return true;
    }

    private static string Written(string text, bool keepsLines)
    {
        StringBuilder written = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (IsObeyed(text, i) || (!keepsLines && char.IsControl(text[i]) && text[i] != '\t'))
                written.Append($"\\x{(int)text[i]:X2}");
            else
                written.Append(text[i]);
        }
        return written.ToString();
    }

    /// <summary>A carriage return is part of a line end, and otherwise goes back over what was written.</summary>
    private static bool IsObeyed(string text, int at) => char.IsControl(text[at])
        && text[at] is not ('\n' or '\t')
        && !(text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n');
}

/// <summary>Standard output that is a terminal: what is written to it can be seen, and none of it is obeyed.</summary>
internal sealed class VisibleWriter(TextWriter inner) : TextWriter
{
    private bool _endsInReturn;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        if (buffer.IsEmpty)
            return;
        // The line end that a return belongs to can come with the next piece.
        string text = (_endsInReturn ? "\r" : "") + buffer.ToString();
        _endsInReturn = text.EndsWith('\r');
        inner.Write(Visible.Of(_endsInReturn ? text[..^1] : text));
    }

    public override void Flush() => inner.Flush();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
