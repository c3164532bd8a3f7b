using MiniGpt.Model.Lessons;

namespace MiniGpt.Cli.Pages;

/// <summary>A lesson as a page.</summary>
internal static class LessonPage
{
    /// <summary>Writes the page.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string path, Lesson lesson, LessonResult result, Texts texts) => Page.Write(path, ["lesson.js"], texts, new
    {
        lesson.Name,
        Stages = result.Stages.Select(stage => (Stage: stage, Names: StageNames.Of(stage, lesson.Name, texts))).Select(shown => new
        {
            shown.Stage.Key,
            Kind = shown.Stage.Kind.ToString().ToLowerInvariant(),
            shown.Names.Rows,
            shown.Names.Columns,
            shown.Stage.Values,
        }),
        Checks = result.Checks.Select(check => new { check.Passed, check.Error, check.Tolerance, Text = texts.OfCheck(lesson.Name, check.Key) }),
    });
}
