using System.Globalization;
using System.Text.Json;
using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class LessonTests
{
    public static TheoryData<string> Names => [.. Lesson.All.Select(lesson => lesson.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_check_of_a_lesson_holds(string name)
    {
        LessonResult result = Run(name);
        Assert.NotEmpty(result.Checks);
        Assert.All(result.Checks, check => Assert.True(check.Passed, $"{check.Key}: {check.Error} is over {check.Tolerance}"));
        Assert.True(result.Passed);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_number_of_a_stage_has_a_row_and_a_column(string name) =>
        Assert.All(Run(name).Stages, stage => Assert.Equal(stage.Frames * stage.Rows.Count * stage.Columns.Count, stage.Values.Count));

    [Theory]
    [InlineData("scores", "scores")]
    [InlineData("weights", "weights")]
    [InlineData("context", "context")]
    [InlineData("trainable-weights", "trainable/weights")]
    [InlineData("trainable-context", "trainable/context")]
    [InlineData("causal-weights", "causal/weights")]
    [InlineData("causal-context", "causal/context")]
    [InlineData("heads-context", "two_heads/context")]
    public void Attention_shows_PyTorchs_numbers_to_four_decimals(string stage, string path)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Fixtures.File("chapter3.json")));
        JsonElement expected = path.Split('/').Aggregate(json.RootElement, (element, name) => element.GetProperty(name));
        string[] numbers = [.. expected.EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(x => Written(x.GetDouble()))];
        Assert.Equal(numbers, Run("attention").Stages.Single(shown => shown.Key == stage).Values.Select(Written));
    }

    [Theory]
    [InlineData(Language.Japanese, "ねこ 0.2027 は 0.1172 ひるね 0.2956 が 0.1217 すき 0.2628")]
    [InlineData(Language.English, "the 0.1172 cat 0.2027 likes 0.2628 a 0.1217 nap 0.2956")]
    public void The_embedding_lesson_tells_what_liking_looks_at(Language language, string expected)
    {
        LessonStage looks = LessonResults.Stage("embedding", "looks", language);
        Assert.Equal(expected, string.Join(' ', looks.Columns.Zip(looks.Values, (word, weight) => $"{word} {Written(weight)}")));
    }

    [Theory]
    [InlineData(Language.English)]
    [InlineData(Language.Japanese)]
    public void Masked_scores_are_minus_infinity_exactly_above_the_diagonal(Language language)
    {
        LessonStage masked = LessonResults.Stage("mask", "masked-scores", language);
        for (int query = 0; query < 6; query++)
            Assert.Equal(Enumerable.Range(0, 6).Select(key => key > query), masked.Row(query).Select(double.IsNegativeInfinity));
    }

    [Theory]
    [InlineData("sampling")]
    [InlineData("quantisation")]
    [InlineData("training")]
    [InlineData("induction")]
    [InlineData("one-hot")]
    [InlineData("attention")]
    [InlineData("embedding")]
    [InlineData("mask")]
    [InlineData("source-attention")]
    [InlineData("next-token")]
    [InlineData("n-gram")]
    [InlineData("masked-word")]
    [InlineData("rnn")]
    public void Examples_are_in_the_language_of_the_reader_and_every_check_holds_in_either(string name)
    {
        LessonResult english = LessonResults.Of(name), japanese = LessonResults.Of(name, Language.Japanese);
        Assert.All(japanese.Checks, check => Assert.True(check.Passed, $"{check.Key}: {check.Error} is over {check.Tolerance}"));
        Assert.Equal(english.Stages.Select(stage => stage.Key), japanese.Stages.Select(stage => stage.Key));
        Assert.Equal(english.Checks.Select(check => check.Key), japanese.Checks.Select(check => check.Key));
        Assert.DoesNotContain(Names(english), IsJapanese);
        Assert.Contains(Names(japanese), IsJapanese);

        static IEnumerable<string> Names(LessonResult result) =>
            result.Stages.SelectMany(stage => stage.Rows.Concat(stage.Columns).Concat(stage.Pieces.Select(piece => piece.Text)));
        static bool IsJapanese(string name) => name.Any(letter => letter is >= '\u3040' and <= '\u9FFF');
    }

    [Fact]
    public void A_check_that_is_off_fails()
    {
        Assert.False(new LessonCheck("x", Error: 2e-4, Tolerance: 1e-4).Passed);
        Assert.False(new LessonCheck("x", Error: double.NaN, Tolerance: 1e-4).Passed);
    }

    private static LessonResult Run(string name) => LessonResults.Of(name);

    private static string Written(double number) => number.ToString("F4", CultureInfo.InvariantCulture);
}
