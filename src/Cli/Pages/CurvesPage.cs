using MiniGpt.Cli.Speech;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Pages;

/// <summary>Training curves as a page: of one run, or of several over each other.</summary>
/// <param name="Runs">The runs.</param>
internal sealed record CurvesPage(IReadOnlyList<TrainingHistory> Runs)
{
    /// <summary>Writes the report of a run.</summary>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static void WriteReport(string path, string run) => Write(path, [TrainingHistory.Read(run)], Texts.Of(Messages.Language));

    /// <summary>Writes runs over each other.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<TrainingHistory> runs, Texts texts) =>
        Page.Write(path, ["curves.js"], texts, new CurvesPage(runs), PageJson.Default.CurvesPage);
}
