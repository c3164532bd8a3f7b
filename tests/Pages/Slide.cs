using System.Text.RegularExpressions;
using MiniGpt.Tests.Architecture;

namespace MiniGpt.Tests.Pages;

/// <summary>A picture for a slide, as docs/slides.md or docs/slides.ja.md says it: the words that stand on it are its heading and its alternative text.</summary>
internal sealed partial record Slide(int Chapter, string Title, string Idea, string Picture)
{
    /// <summary>The size of every slide, in pixels.</summary>
    public const int Width = 1600, Height = 900;

    /// <summary>The folder of the page and of what it links to.</summary>
    public static string Folder => Path.Combine(Sources.FindRoot(), "docs");

    /// <summary>The page that shows the slides of a language.</summary>
    public static string Page(string language) => Path.Combine(Folder, language == "en" ? "slides.md" : $"slides.{language}.md");

    /// <summary>The slides of a language, in the order of the page.</summary>
    public static IReadOnlyList<Slide> Of(string language) =>
        [.. Shown().Matches(File.ReadAllText(Page(language)).ReplaceLineEndings("\n")).Select(match =>
            new Slide(int.Parse(match.Groups["chapter"].ValueSpan), match.Groups["title"].Value, match.Groups["idea"].Value, match.Groups["picture"].Value))];

    [GeneratedRegex(@"^## (?<chapter>\d+)\. (?<title>.+)\n\n!\[(?<idea>.+)\]\((?<picture>.+)\)$", RegexOptions.Multiline)]
    private static partial Regex Shown();
}
