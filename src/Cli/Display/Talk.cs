using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>What is said beside the results: on standard error, drawn where it is a terminal that can be drawn on.</summary>
internal static class Talk
{
    private const int NarrowestDisplay = 20;

    private static readonly Lazy<IAnsiConsole> s_console =
        new(() => AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(System.Console.Error),
            Interactive = InteractionSupport.Yes, // Spectre says no where standard output alone is a file
        }));

    /// <summary>Standard error as Spectre.Console draws on it.</summary>
    public static IAnsiConsole Console => s_console.Value;

    /// <summary>Whether a display can move on the screen. Without it there are lines, one below the other.</summary>
    public static bool CanDraw => !System.Console.IsErrorRedirected
        && Console.Profile.Capabilities.Ansi
        && Console.Profile.Width >= NarrowestDisplay;

    /// <summary>Says a line, or several. What it quotes can be seen, and is not obeyed by a terminal.</summary>
    public static void Say(string line)
    {
        if (!LiveFrame.TryPass(line))
            System.Console.Error.WriteLine(Visible.Of(line));
    }

    /// <summary>
    /// Says a line of a name and what belongs to it, two spaces or more apart. On a terminal that is too narrow for it, it goes on below itself,
    /// and no word is broken.
    /// </summary>
    public static void SayFact(string line)
    {
        int width = System.Console.IsErrorRedirected ? int.MaxValue : Console.Profile.Width;
        Say(string.Join('\n', line.Split('\n').Select(part => Prose.Columns(part) < width ? part : Hanging(part, width - 1))));
    }

    private static string Hanging(string line, int width)
    {
        int value = line.IndexOf("  ", StringComparison.Ordinal) is var gap and >= 0 ? line.Length - line[gap..].TrimStart().Length : 0;
        string name = line[..value], indent = new(' ', Prose.Columns(name));
        return name + Prose.Wrapped(line[value..], indent, width)[indent.Length..];
    }

    /// <summary>Says something that the user should hear of, beside what was asked for.</summary>
    public static void Note(string note) => Say(Messages.Of("note", ("note", note)));

    /// <summary>An evaluation as a line.</summary>
    public static string Line(in EvaluationMetrics evaluation) => Messages.Of("progress.evaluation",
        ("step", evaluation.Step), ("loss", $"{evaluation.TrainLoss:F4}"), ("validation", Validation(evaluation.ValidationLoss)),
        ("whole", evaluation is { Final: true, ValidationLoss: not null } ? Messages.Of("progress.whole") : ""));

    /// <summary>A validation loss, as the end of a list; nothing where there is none.</summary>
    public static string Validation(double? loss) => loss is double value ? Messages.Of("progress.validation", ("loss", $"{value:F4}")) : "";

    /// <summary>What a model wrote in training: a line, or a text of several.</summary>
    public static string Sample(int step, string text) =>
        Messages.Of(text.Contains('\n') ? "progress.sample-lines" : "progress.sample", ("step", step), ("text", text));

    /// <summary>What could not be written, and what is there instead.</summary>
    public static string NotSaved(int step, int? savedStep, string reason) => Messages.Of("progress.not-saved",
        ("step", step), ("reason", LibraryMessages.Translated(reason)),
        ("rest", savedStep is int saved ? Messages.Of("progress.saved-before", ("step", saved)) : Messages.Of("progress.none-saved")));

    /// <summary>A step that was passed over.</summary>
    public static string Skipped(TrainingDivergedException reason, int count) =>
        Messages.Of("progress.skipped", ("reason", LibraryMessages.Translated(reason.Message)), ("count", count - 1));

    /// <summary>How much is done, and the time that the rest takes, in equally many columns from frame to frame.</summary>
    public static string Left(double share, TimeSpan time) => Messages.Of("live.left", ("share", $"{share,4:P0}"), ("time", $"{Clock(time),5}"));

    /// <summary>A duration as m:ss or h:mm:ss.</summary>
    public static string Clock(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}" : $"{time:m\\:ss}";
}
