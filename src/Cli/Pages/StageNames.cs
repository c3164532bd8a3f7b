using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Pages;

/// <summary>The names of a stage's rows and columns in the language of the reader.</summary>
/// <param name="Rows">Words have their meaning beside them.</param>
/// <param name="Columns">The same, unless the rows name these words already: columns are narrow.</param>
/// <param name="Stops">What is written at the places of its slider; none where it has none.</param>
internal sealed record StageNames(IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, IReadOnlyList<string> Stops)
{
    /// <summary>The names of a stage.</summary>
    public static StageNames Of(LessonStage stage, string lesson, Texts texts)
    {
        bool rowsNameAll = stage.Columns.Count > 0
            && stage.Columns.All(column => stage.Rows.Any(row => row == column || row.EndsWith($" {column}", StringComparison.Ordinal)));
        string[] rows = [.. stage.Rows.Select(row => stage.Kind is StageKind.Lattice or StageKind.Code ? row : Named(row))];
        return new(rows, rowsNameAll ? [.. stage.Columns.Select(Plain)] : [.. stage.Columns.Select(Named)], [.. stage.Slider?.Stops.Select(Plain) ?? []]);

        string Plain(string word) => texts.NameIn(lesson, word) ?? word;
        string Named(string word) => texts.NameIn(lesson, word) ?? texts.WithMeaning(lesson, word);
    }
}
