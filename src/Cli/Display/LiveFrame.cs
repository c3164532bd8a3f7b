using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MiniGpt.Cli.Display;

/// <summary>Lines that stay in their place on the screen while they change; other text passes above them.</summary>
/// <remarks>
/// Between two frames the cursor stands where the lines begin. A terminal that is resized breaks lines anew and takes its cursor along, so that their
/// beginning is found again whatever their width was. Each line is cut at the edge, where a terminal has become narrower and nobody knows yet.
/// </remarks>
internal sealed class LiveFrame
{
    private const string CutAtEdge = "\e[?7l";
    private const string BreakAtEdge = "\e[?7h";
    private const string EraseRestOfLine = "\e[K";
    private const string EraseBelow = "\e[J";

    // Not from the first column: where that is the first of the screen, tmux takes it for a wish to keep what is erased. All is erased before it is drawn
    // again: rows of a line that was broken would stay one line otherwise, and be joined when the terminal becomes wider.
    private const string EraseAll = $"\r\e[C{EraseBelow}\r{EraseRestOfLine}";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(0.2);
    private static readonly Lock s_lock = new();
    private static LiveFrame? s_shown;

    // Standard error, where a frame goes in one piece: Console writes it in several, and a terminal may be resized between two of them.
    private static readonly TextWriter s_terminal = new GuardedWriter(
        new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), bufferSize: 1 << 16) { AutoFlush = true }, _ => { });

    private static bool s_isOver;

    private readonly IAnsiConsole _console, _drawing;
    private readonly StringWriter _drawn = new();
    private IRenderable? _content;

    /// <param name="console">Standard error.</param>
    public LiveFrame(IAnsiConsole console) => (_console, _drawing) = (console, DrawingInto(_drawn, console.Profile.Capabilities));

    /// <summary>Draws, over what stands there.</summary>
    public void Draw(IRenderable content)
    {
        lock (s_lock)
        {
            _content = content;
            Write("", stays: false);
        }
    }

    /// <summary>Lets text pass above.</summary>
    public void Pass(string text)
    {
        lock (s_lock)
            Write(text, stays: false);
    }

    /// <summary>Says a text above the lines that are on the screen; where there are none, returns false.</summary>
    public static bool TryPass(string text)
    {
        lock (s_lock)
        {
            s_shown?.Pass(text);
            return s_shown is not null;
        }
    }

    /// <summary>Takes the lines off the screen.</summary>
    public void Erase()
    {
        lock (s_lock)
        {
            if (s_shown != this)
                return;
            s_terminal.Write(EraseAll);
            s_shown = null;
        }
    }

    /// <summary>Leaves the lines on the screen, as they are now: what comes next stands below them.</summary>
    public void Leave()
    {
        lock (s_lock)
        {
            if (s_shown != this)
                return;
            Write("", stays: true);
            s_shown = null;
        }
    }

    /// <summary>The program ends here and now: what is on the screen is taken off it, and nothing is drawn any more.</summary>
    public static void End()
    {
        if (!s_lock.TryEnter(s_patience)) // a terminal that takes nothing is not waited for
            return;
        s_shown?.Erase();
        s_isOver = true;
        s_lock.Exit();
    }

    private void Write(string above, bool stays)
    {
        if (s_isOver)
            return;
        StringBuilder all = new(EraseAll);
        foreach (string line in above.Length > 0 ? Passing(above) : [])
            all.Append(line).AppendLine();
        string[] lines = Lines();
        for (int i = 0; i < lines.Length; i++)
        {
            all.Append(CutAtEdge).Append(lines[i]);
            if (stays || i < lines.Length - 1)
                all.AppendLine();
        }
        if (lines.Length > 0)
            all.Append(BreakAtEdge).Append('\r');
        if (!stays && lines.Length > 1)
            all.Append(CultureInfo.InvariantCulture, $"\e[{lines.Length - 1}A");
        s_terminal.Write(all.ToString());
        s_shown = lines.Length > 0 ? this : null;
    }

    /// <summary>The content as lines with colours.</summary>
    private string[] Lines()
    {
        if (_content is null)
            return [];
        _drawn.GetStringBuilder().Clear();
        _drawing.Profile.Width = _console.Profile.Width;
        _drawing.Write(_content);
        return _drawn.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private IEnumerable<string> Passing(string text) => Visible.Of(text).Split('\n').SelectMany(Fitting);

    // Two spaces or more are the model's own, in code or a table, and stay.
    private string[] Fitting(string line) => Prose.Columns(line) <= _console.Profile.Width || line.Contains("  ", StringComparison.Ordinal)
        ? [line]
        : Prose.Wrapped(line, indent: "", _console.Profile.Width).Split('\n');

    private static IAnsiConsole DrawingInto(TextWriter writer, Capabilities capabilities)
    {
        IAnsiConsole drawing = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer), Ansi = AnsiSupport.Yes });
        (drawing.Profile.Capabilities.ColorSystem, drawing.Profile.Capabilities.Unicode) = (capabilities.ColorSystem, capabilities.Unicode);
        return drawing;
    }
}
