using System.Globalization;
using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class TrainingLessonTests
{
    [Theory]
    [InlineData(Language.English, 4)] // four words are predicted of each sentence
    [InlineData(Language.Japanese, 5)]
    public void The_loss_comes_down_to_one_guess_among_four_animals(Language language, int predicted)
    {
        LessonStage loss = LessonResults.Stage("training", "loss", language);
        Assert.All(Enumerable.Range(0, loss.Rows.Count), row => Assert.Equal(Math.Log(4) / predicted, loss.Row(row).Last(), 1e-15));
        Assert.True(loss.Row(0).First() > 1.5);
        Assert.InRange(loss.Row(loss.Rows.Count - 1).First(), Math.Log(4) / predicted, Math.Log(4) / predicted + 0.01);
    }

    [Theory]
    [InlineData(Language.English, 3, 1, 1)] // the second "the", the cat, "dog" among the words
    [InlineData(Language.Japanese, 2, 1, 1)] // は
    public void In_the_end_it_looks_at_the_cat_and_says_dog(Language language, int place, int cat, int dog)
    {
        LessonStage next = LessonResults.Stage("training", "next", language), attention = LessonResults.Stage("training", "attention", language);
        int last = next.Frames - 1;
        Assert.True(next.Row(place, last).ElementAt(dog) > 0.98);
        Assert.True(next.Row(place, 0).ElementAt(dog) < 0.3);
        Assert.Equal(cat, attention.Row(place, last).Index().MaxBy(share => share.Item).Index);
        Assert.All(next.Row(0, last).Take(4), animal => Assert.Equal(0.25, animal, 0.02));
        for (int frame = 0; frame < next.Frames; frame++)
            Assert.All(Enumerable.Range(0, next.Rows.Count), row => Assert.Equal(1, next.Row(row, frame).Sum(), 1e-12));
    }

    [Fact]
    public void The_slider_stands_at_steps_that_the_lines_have_and_the_weights_move_where_it_says()
    {
        LessonStage loss = LessonResults.Stage("training", "loss"), embedding = LessonResults.Stage("training", "embedding"), moved = LessonResults.Stage("training", "moved");
        Assert.Equal(8, loss.Slider!.Stops.Count);
        int words = embedding.Rows.Count * embedding.Columns.Count;
        double[] start = [.. embedding.Values.Take(words)];
        foreach ((int frame, string stop) in loss.Slider.Stops.Index())
        {
            double[] now = [.. embedding.Values.Skip(frame * words).Take(words)];
            double expected = Math.Sqrt(now.Zip(start, (a, b) => (a - b) * (a - b)).Average());
            Assert.Equal(expected, moved.Row(int.Parse(stop, CultureInfo.InvariantCulture)).First(), 1e-12);
        }
    }
}
