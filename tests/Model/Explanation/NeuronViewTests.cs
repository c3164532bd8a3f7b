using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Layers;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>What neurons speak for, beside plain loops and beside what a logit loses without them.</summary>
public class NeuronViewTests
{
    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void Its_tokens_are_those_that_the_norms_and_the_head_make_of_its_column(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        foreach ((int layer, int index) in (IEnumerable<(int, int)>)[(0, 3), (model.Config.Layers - 1, model.Config.FeedForwardWidth - 1)])
        {
            NeuronView view = NeuronView.Of(model, layer, index, count: 6);
            Assert.Equal((layer, index), (view.Layer, view.Index));
            double[] written = [.. Enumerable.Range(0, model.Config.Width).Select(row => model.Stack.Blocks[layer].FeedForward.Down.Weight.Value[row, index])];
            foreach (Norm<double> norm in NormsAfter(model, layer))
                written = PlainNorms.Apply(norm, model.Config.Norm, written, whole: null);
            TokenEffect[] effects = [.. Enumerable.Range(0, model.Config.VocabularySize).Select(id => new TokenEffect(id, PlainNorms.Logit(model, id, written)))];
            AssertSame(effects.OrderByDescending(token => token.Effect).Take(6), view.Raises);
            AssertSame(effects.OrderBy(token => token.Effect).Take(6), view.Lowers);
        }

        static void AssertSame(IEnumerable<TokenEffect> expected, IReadOnlyList<TokenEffect> actual)
        {
            Assert.Equal(expected.Select(token => token.Id), actual.Select(token => token.Id));
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Effect, pair.Second.Effect, 1e-9));
        }
    }

    [Fact]
    public void A_logit_loses_the_effect_times_activity_and_scale_where_the_neuron_is_taken_out()
    {
        Decoder<double> model = AskedModels.Of("family/llama-tiny"), without = AskedModels.Copy(model);
        (int layer, int index) = (1, 17);
        AskedModels.ClearColumns(without.Stack.Blocks[layer].FeedForward.Down.Weight, index, 1);
        using DecoderTrace<double> trace = model.Trace(AskedModels.Ids), other = without.Trace(AskedModels.Ids);
        double[] column = [.. Enumerable.Range(0, 48).Select(row => model.Stack.Blocks[layer].FeedForward.Down.Weight.Value[row, index])];
        double[] missing = [.. AskedModels.LastRow(trace.Blocks[layer].FeedForwardOutput).Zip(AskedModels.LastRow(other.Blocks[layer].FeedForwardOutput), (a, b) => a - b)];
        int row = column.Index().MaxBy(pair => Math.Abs(pair.Item)).Index;
        double activity = missing[row] / column[row];
        double[] stream = AskedModels.LastRow(trace.Residual(2));
        double scale = 1 / Math.Sqrt(stream.Average(x => x * x) + model.Config.Norm.Epsilon);

        // Of the feed-forward layers' part of a logit, with the scale of the whole model.
        TokenEffect raised = NeuronView.Of(model, layer, index, count: 1).Raises[0];
        double part = PlainNorms.Logit(model, raised.Id, PlainNorms.Apply(model.Stack.FinalNorm!, model.Config.Norm, missing, stream));
        Assert.Equal(part, raised.Effect * activity * scale, 1e-9);
        Assert.True(Math.Abs(part) > 1e-6);
    }

    [Fact]
    public void Neurons_that_are_not_there_are_refused()
    {
        Decoder<double> model = AskedModels.Of("family/llama-tiny");
        Refused("there is no layer 3: the model has 2", () => NeuronView.Of(model, 2, 0, 1));
        Refused("there is no neuron 81: each layer has 80", () => NeuronView.Of(model, 0, 80, 1));
        Refused("there is no neuron 0", () => NeuronView.Of(model, 0, -1, 1));
        Refused("a layer with an activation", () => NeuronView.Of(AskedModels.Drawn(AskedModels.Small with { TransformsHead = true }), 0, 0, 1));
        Refused("a recurrent network has none", () => NeuronView.Of(new Decoder<double>(RecurrentNetwork.Config(RecurrentKind.Rnn, new ModelSizes(10, 8, 1, 1, 8))), 0, 0, 1));

        static void Refused(string message, Action ask) => Assert.Contains(message, Assert.Throws<ArgumentException>(ask).Message, StringComparison.Ordinal);
    }

    private static Norm<double>[] NormsAfter(Decoder<double> model, int layer) => model.Stack.FinalNorm is { } last
        ? [last]
        : [model.Stack.Blocks[layer].FeedForwardNorm, .. model.Stack.Blocks.Skip(layer + 1).SelectMany(block => new[] { block.AttentionNorm, block.FeedForwardNorm })];
}
