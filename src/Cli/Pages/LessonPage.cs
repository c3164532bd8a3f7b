using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Pages;

/// <summary>A lesson as a page.</summary>
/// <param name="Name">The lesson's name.</param>
/// <param name="Stages">Its stages, with names in the language of the reader.</param>
/// <param name="Checks">What was compared.</param>
internal sealed record LessonPage(string Name, IReadOnlyList<LessonPage.Stage> Stages, IReadOnlyList<LessonPage.Check> Checks)
{
    /// <summary>Writes the page.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Lesson lesson, LessonResult result, Texts texts)
    {
        LessonPage page = new(
            lesson.Name,
            [.. result.Stages.Select(stage => Stage.Of(stage, StageNames.Of(stage, lesson.Name, texts)))],
            [.. result.Checks.Select(check => new Check(check.Passed, check.Error, check.Tolerance, texts.OfCheck(lesson.Name, check.Key)))]);
        Page.Write(path, ["diagrams.js", "lesson-charts.js", "lesson.js"], texts, page, PageJson.Default.LessonPage);
    }

    /// <summary>A stage as the page draws it.</summary>
    internal sealed record Stage(string Key, string Kind, IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, IReadOnlyList<double> Values)
    {
        public Slider? Slider { get; init; }

        public IReadOnlyList<LessonPiece> Pieces { get; init; } = [];

        public IReadOnlyList<GraphPlace> Places { get; init; } = [];

        public IReadOnlyList<GraphEdge> Edges { get; init; } = [];

        public static Stage Of(LessonStage stage, StageNames names) =>
            new(stage.Key, stage.Kind.ToString().ToLowerInvariant(), names.Rows, names.Columns, stage.Values)
            {
                Slider = stage.Slider is { } slider ? new Slider(slider.Key, names.Stops, slider.Start, slider.MarksRows) : null,
                Pieces = stage.Pieces,
                Places = stage.Places,
                Edges = stage.Edges,
            };
    }

    /// <summary>A slider as the page draws it.</summary>
    internal sealed record Slider(string Key, IReadOnlyList<string> Stops, int Start, bool MarksRows);

    /// <summary>A comparison as the page tells it.</summary>
    internal sealed record Check(bool Passed, double Error, double Tolerance, string Text);
}
