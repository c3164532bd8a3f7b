using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Pages;

/// <summary>The names of a stage's rows and columns in the language of the reader.</summary>
/// <param name="Rows">Words have their meaning beside them.</param>
/// <param name="Columns">The same, unless the rows name these words already: columns are narrow.</param>
internal sealed record StageNames(IReadOnlyList<string> Rows, IReadOnlyList<string> Columns)
{
    /// <summary>The names of a stage.</summary>
    public static StageNames Of(LessonStage stage, string lesson, Texts texts)
    {
        bool rowsNameAll = stage.Columns.All(column => stage.Rows.Any(row => row == column || row.EndsWith($" {column}", StringComparison.Ordinal)));
        return new([.. stage.Rows.Select(Named)], rowsNameAll ? stage.Columns : [.. stage.Columns.Select(Named)]);

        string Named(string word) => texts.WithMeaning(lesson, word);
    }
}
