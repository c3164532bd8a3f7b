using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>What is said beside the results: on standard error, drawn where it is a terminal that can be drawn on.</summary>
internal static class Talk
{
    private const int NarrowestDisplay = 20;

    private static readonly Lazy<IAnsiConsole> s_console =
        new(() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) }));

    /// <summary>Standard error as Spectre.Console draws on it.</summary>
    public static IAnsiConsole Console => s_console.Value;

    /// <summary>Whether a display can move on the screen. Without it there are lines, one below the other.</summary>
    public static bool CanDraw => !System.Console.IsErrorRedirected
        && Console.Profile.Capabilities is { Ansi: true, Interactive: true }
        && Console.Profile.Width >= NarrowestDisplay;

    /// <summary>Says a line, or several. What it quotes can be seen, and is not obeyed by a terminal.</summary>
    public static void Say(string line) => System.Console.Error.WriteLine(Visible.Of(line));

    /// <summary>An evaluation as a line.</summary>
    public static string Line(in EvaluationMetrics evaluation) =>
        $"step {evaluation.Step}: training loss {evaluation.TrainLoss:F4}"
        + (evaluation.ValidationLoss is double loss ? $", validation loss {loss:F4}" : "")
        + (evaluation is { Final: true, ValidationLoss: not null } ? " over the whole split" : "");

    /// <summary>What a model wrote in training: a line, or a text of several.</summary>
    public static string Sample(int step, string text) =>
        text.Contains('\n') ? $"step {step}, a sample:\n{text}\n" : $"step {step}, it writes: {text}";

    /// <summary>What could not be written, and what is there instead.</summary>
    public static string NotSaved(int step, int? savedStep, string reason) =>
        $"step {step}: not saved, the run goes on and tries again: {reason}"
        + (savedStep is int saved ? $" (the checkpoint of step {saved} is whole)" : " (there is no checkpoint yet)");

    /// <summary>A step that was passed over.</summary>
    public static string Skipped(TrainingDivergedException reason, int count) =>
        $"{reason.Message}; passed over, as {count - 1} before it";

    /// <summary>A duration as m:ss or h:mm:ss.</summary>
    public static string Clock(TimeSpan time) => time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}" : $"{time:m\\:ss}";
}
