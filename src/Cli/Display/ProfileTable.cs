using MiniGpt.Autograd;
using MiniGpt.Cli.Speech;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Training;
using Spectre.Console;

namespace MiniGpt.Cli.Display;

/// <summary>A profile as a table, on standard output.</summary>
internal static class ProfileTable
{
    public static void Show(IReadOnlyList<ProfileRow> rows)
    {
        Table table = Output.Table(Messages.Of("profile.operator"), Messages.Of("profile.pass"), Messages.Of("profile.calls"), Messages.Of("profile.ms"),
            Messages.Of("profile.share"), "GFLOP/s", Messages.Of("profile.of-ceiling"));
        for (int column = 2; column < table.Columns.Count; column++)
            table.Columns[column].RightAligned();
        foreach (ProfileRow row in rows)
        {
            table.AddRow(
                new Text(LibraryMessages.Translated(row.Operator)),
                new Text(row.Pass switch { ProfilePass.Forward => Messages.Of("profile.forward"), ProfilePass.Backward => Messages.Of("profile.backward"), _ => "" }),
                new Text($"{row.Calls:N0}"),
                new Text($"{row.Milliseconds:N1}"),
                new Text($"{row.Share:P1}"),
                new Text($"{row.FlopsPerSecond / 1e9:N1}"),
                new Text($"{row.ShareOfCeiling:P1}"));
        }

        Output.Console.Write(table);
    }

    /// <summary>What the exchanges between processes took, as a line.</summary>
    /// <param name="times">What they took.</param>
    /// <param name="steps">In how many steps.</param>
    public static string Line(ExchangeTimes times, int steps) => Messages.Of("profile.exchange",
        ("share", $"{times.HiddenShare:P0}"), ("gradients", $"{times.Gradients.TotalMilliseconds / steps:F1}"),
        ("parameters", $"{times.Parameters.TotalMilliseconds / steps:F1}"));
}
