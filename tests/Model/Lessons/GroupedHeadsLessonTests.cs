using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class GroupedHeadsLessonTests
{
    [Fact]
    public void Neighbouring_heads_share()
    {
        LessonStage sharing = LessonResults.Stage("grouped-heads", "sharing");
        Assert.Equal([[0, 1, 2, 3, 4, 5, 6, 7], [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]],
            Enumerable.Range(0, 4).Select(frame => Enumerable.Range(0, 8).Select(row => sharing.Row(row, frame).Index().Single(cell => cell.Item == 1).Index)));
    }

    [Fact]
    public void Heads_with_the_same_keys_look_elsewhere_and_nobody_looks_ahead()
    {
        LessonStage weights = LessonResults.Stage("grouped-heads", "weights");
        Assert.True(weights.Row(5, 0).Zip(weights.Row(5, 1), (a, b) => Math.Abs(a - b)).Max() > 0.1);
        for (int i = 0; i < weights.Values.Count; i++)
        {
            if (i % 6 > i / 6 % 6)
                Assert.Equal(0, weights.Values[i]);
        }
    }

    [Fact]
    public void A_large_model_keeps_two_vectors_of_each_head_in_each_layer_for_each_token() => Assert.Equal(
    [
        2 * 32 * 32 * 128, 4096, 2 * 32 * 32.0 * 128 * 4096 / 1e6,
        2 * 32 * 8 * 128, 1024, 2 * 32 * 8.0 * 128 * 4096 / 1e6,
        2 * 32 * 1 * 128, 128, 2 * 32 * 1.0 * 128 * 4096 / 1e6,
    ], LessonResults.Stage("grouped-heads", "costs").Values);
}
