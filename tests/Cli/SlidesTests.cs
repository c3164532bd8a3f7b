using System.Buffers.Binary;
using System.Text.RegularExpressions;
using MiniGpt.Tests.Pages;
using Xunit;

namespace MiniGpt.Tests.Cli;

/// <summary>The slides of docs/slides.md and docs/slides.ja.md: one for each chapter of the course, under its question.</summary>
public sealed partial class SlidesTests
{
    private const long MostBytes = 1_500_000;

    private static readonly byte[] s_png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    [Theory]
    [InlineData("en", "course.md")]
    [InlineData("ja", "course.ja.md")]
    public void Every_chapter_of_the_course_has_its_slide_with_a_question_to_ask(string language, string course)
    {
        string[] chapters = [.. Chapter().Matches(File.ReadAllText(Path.Combine(Slide.Folder, course)).ReplaceLineEndings("\n")).Select(match => match.Value)];
        Assert.Equal(12, chapters.Length);
        IReadOnlyList<Slide> slides = Slide.Of(language);
        Assert.Equal(chapters, slides.Select(slide => $"## {slide.Chapter}. {slide.Title}"));
        Assert.Equal(slides.Select(slide => $"slides/chapter-{slide.Chapter:00}.{language}.png"), slides.Select(slide => slide.Picture));
        string[] sections = File.ReadAllText(Slide.Page(language)).Split("\n## ")[1..];
        (string shows, string asks) = language == "en" ? ("**What it shows:** ", "**Ask:** ") : ("**図:** ", "**問い:** ");
        Assert.All(sections, section =>
        {
            Assert.Contains($"\n{shows}", section, StringComparison.Ordinal);
            Assert.Contains($"\n{asks}", section, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_slide_is_1600_by_900_pixels_and_no_picture_is_without_its_place()
    {
        string[] shown = [.. ((string[])["en", "ja"]).SelectMany(Slide.Of).Select(slide => Path.Combine(Slide.Folder, slide.Picture)).Order(StringComparer.Ordinal)];
        Assert.Equal(shown, Directory.GetFiles(Path.Combine(Slide.Folder, "slides")).Order(StringComparer.Ordinal));
        Assert.All(shown, file =>
        {
            byte[] bytes = File.ReadAllBytes(file);
            Assert.Equal(s_png, bytes[..8]);
            // The header's chunk: its length, its name, width and height.
            Assert.Equal((Slide.Width, Slide.Height), (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(20))));
        });
        Assert.InRange(shown.Sum(file => new FileInfo(file).Length), 1, MostBytes);
    }

    [GeneratedRegex(@"^## \d+\. .+$", RegexOptions.Multiline)]
    private static partial Regex Chapter();
}
