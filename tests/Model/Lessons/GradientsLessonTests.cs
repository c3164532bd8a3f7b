using MiniGpt.Model.Lessons;
using Xunit;

namespace MiniGpt.Tests.Model.Lessons;

public sealed class GradientsLessonTests
{
    private const double W1 = 1, W2 = -0.8, V1 = 0.7, V2 = 0.4, X = 0.5, Target = 1;

    [Fact]
    public void The_graph_has_the_values_and_the_gradients_of_the_chain_rule_written_out()
    {
        double h1 = Math.Tanh(W1 * X), h2 = Math.Tanh(W2 * X), y = V1 * h1 + V2 * h2, e = y - Target;
        double slope1 = 1 - h1 * h1, slope2 = 1 - h2 * h2;
        Dictionary<string, (double Value, double Gradient)> expected = new()
        {
            ["loss"] = (e * e, 1),
            ["y − t"] = (e, 2 * e),
            ["y"] = (y, 2 * e),
            ["t"] = (Target, -2 * e),
            ["v1"] = (V1, 2 * e * h1),
            ["v2"] = (V2, 2 * e * h2),
            ["tanh"] = (h1, 2 * e * V1),
            ["tanh "] = (h2, 2 * e * V2),
            ["w1"] = (W1, 2 * e * V1 * slope1 * X),
            ["w2"] = (W2, 2 * e * V2 * slope2 * X),
            ["x"] = (X, 2 * e * (V1 * slope1 * W1 + V2 * slope2 * W2)), // two ways lead to it
        };
        LessonStage graph = LessonResults.Stage("gradients", "graph");
        foreach ((string name, (double value, double gradient)) in expected)
        {
            double[] row = [.. graph.Row(graph.Rows.Index().Single(found => found.Item == name).Index, graph.Frames - 1)];
            Assert.Equal(value, row[0], 1e-14);
            Assert.Equal(gradient, row[1], 1e-14);
        }
    }

    [Fact]
    public void Each_stop_of_the_slider_uncovers_one_more_column_from_the_loss_back()
    {
        LessonStage graph = LessonResults.Stage("gradients", "graph");
        for (int stop = 0; stop < graph.Frames; stop++)
        {
            bool[] known = [.. Enumerable.Range(0, graph.Rows.Count).Select(row => double.IsFinite(graph.Row(row, stop).Last()))];
            Assert.Equal(graph.Places.Select(place => place.Depth > 6 - stop), known);
        }
        Assert.All(graph.Edges, edge => Assert.True(graph.Places[edge.From].Depth < graph.Places[edge.To].Depth));
    }

    [Fact]
    public void Three_ways_give_the_same_gradient_and_learning_goes_downhill()
    {
        LessonStage compare = LessonResults.Stage("gradients", "compare");
        for (int row = 0; row < compare.Rows.Count; row++)
            Assert.All(compare.Row(row).Skip(2), way => Assert.Equal(compare.Row(row).ElementAt(1), way, 1e-8));
        double[] losses = [.. LessonResults.Stage("gradients", "descent").Values.Where((_, i) => i % 2 == 0)];
        Assert.Equal(losses.OrderDescending(), losses);
        Assert.InRange(losses[^1], 0, 0.001);
    }

    [Fact]
    public void The_program_that_is_shown_is_the_one_that_is_compiled_and_has_some_thirty_lines()
    {
        IReadOnlyList<string> lines = LessonResults.Stage("gradients", "code").Rows;
        string file = File.ReadAllText(Path.Combine(Architecture.Sources.FindRoot(), "src", "Model", "Lessons", "Scalar.cs"));
        Assert.EndsWith(WithoutSpace(string.Concat(lines)), WithoutSpace(file), StringComparison.Ordinal);
        Assert.InRange(lines.Count(line => line.Trim().Length > 1), 20, 30);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
    }

    private static string WithoutSpace(string text) => string.Concat(text.Where(letter => !char.IsWhiteSpace(letter)));
}
