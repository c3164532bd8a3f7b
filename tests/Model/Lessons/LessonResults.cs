using System.Collections.Concurrent;
using MiniGpt.Cli;
using MiniGpt.Model.Lessons;

namespace MiniGpt.Tests.Model.Lessons;

/// <summary>What lessons showed and found, each run once for all tests: some train a model.</summary>
internal static class LessonResults
{
    private static readonly ConcurrentDictionary<(string, Language), Lazy<LessonResult>> s_results = new();

    public static LessonResult Of(string name, Language language = Language.English) => s_results.GetOrAdd((name, language),
        key => new Lazy<LessonResult>(() => Lesson.All.Single(lesson => lesson.Name == name).Run(
            new LessonInputs(BundledFile.Of(language), Model: null, CancellationToken.None) { Language = language }))).Value;

    public static LessonStage Stage(string lesson, string key, Language language = Language.English) =>
        Of(lesson, language).Stages.Single(stage => stage.Key == key);
}
