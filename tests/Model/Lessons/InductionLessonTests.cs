using MiniGpt.Model.Lessons;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class InductionLessonTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void The_head_is_found_in_the_second_layer_and_carries_the_loss(ulong seed)
    {
        using InductionModel model = InductionModel.Train(seed, progress: null, TestContext.Current.CancellationToken);
        Assert.InRange(model.Loss, 0, 0.05);
        Assert.NotEmpty(model.Finders);
        Assert.All(model.Finders, head => Assert.Equal(1, head.Layer));
        Assert.Contains(model.Induction, model.Finders);
        Assert.True(model.LossWithoutFinders > model.Loss + 1, $"{model.Loss} with, {model.LossWithoutFinders} without");
        Assert.True(model.Previous.Previous > model.Finders.Max(head => head.Previous));
    }

    [Fact]
    public void Its_attention_lies_on_what_came_after_the_letter_one_round_ago()
    {
        LessonStage head = LessonResults.Stage("induction", "head");
        // Nine letters: nine places back and one on.
        double[] shares = [.. Enumerable.Range(9, head.Rows.Count - 9).Select(place => head.Row(place).ElementAt(place - 8))];
        Assert.True(shares.Average() > 0.6, $"{shares.Average()}");
        Assert.All(Enumerable.Range(0, head.Rows.Count), place => Assert.Equal(0, head.Row(place).Skip(place + 1).Sum()));
    }

    [Fact]
    public void The_mean_over_places_is_the_loss()
    {
        LessonStage places = LessonResults.Stage("induction", "places"), off = LessonResults.Stage("induction", "off"), roles = LessonResults.Stage("induction", "roles");
        // Rows that begin to be asked earlier are asked at more places: each place counts as often as it is asked.
        int[] asked = [.. Enumerable.Range(0, RepeatedRows.Length).Select(place => Asked(place))];
        int found = roles.Row(1).Index().MaxBy(share => share.Item).Index;
        foreach ((int column, double expected) in (IEnumerable<(int, double)>)[(0, off.Values[0]), (1, off.Values[1 + found])])
        {
            double sum = Enumerable.Range(0, asked.Length).Where(place => asked[place] > 0).Sum(place => asked[place] * places.Row(place).ElementAt(column));
            Assert.Equal(expected, sum / asked.Sum(), 1e-9);
        }

        static int Asked(int place)
        {
            LessonRows rows = RepeatedRows.Draw(InductionLesson.Seed, RandomPurpose.Evaluation, step: 0, count: 64);
            return Enumerable.Range(0, rows.Count).Count(row => rows.Targets[row * rows.Length + place] != LessonRows.Nothing);
        }
    }

    [Fact]
    public void Rounds_repeat_and_only_what_can_be_known_is_asked()
    {
        LessonRows rows = RepeatedRows.Draw(seed: 9, RandomPurpose.Batches, step: 3, count: 20);
        HashSet<int> periods = [];
        for (int row = 0; row < rows.Count; row++)
        {
            int[] ids = rows.Ids[(row * rows.Length)..][..rows.Length], targets = rows.Targets[(row * rows.Length)..][..rows.Length];
            int period = Array.FindIndex(ids, 1, id => id == ids[0]);
            periods.Add(period);
            Assert.Equal(period, ids.Distinct().Count());
            Assert.Equal(ids.Skip(period), ids.Take(ids.Length - period));
            Assert.All(targets.Take(period), target => Assert.Equal(LessonRows.Nothing, target));
            Assert.Equal(ids.Skip(period + 1), targets.Skip(period).SkipLast(1));
        }
        Assert.True(periods.Count > 3);
        Assert.All(periods, period => Assert.InRange(period, 6, 12));
        Assert.Equal([-1, -1, -1, 1, 2, 3, 5], RepeatedRows.AfterLast([5, 7, 9, 5, 7, 9, 7]));
    }
}
