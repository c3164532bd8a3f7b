using MiniGpt.Model.Architectures;
using MiniGpt.Model.Explanation;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Model.Explanation;

/// <summary>The strongest neurons of a text, beside plain loops over what the feed-forward layers add.</summary>
public class StrongestNeuronsTests
{
    public static TheoryData<string> Models => AskedModels.Names;

    [Theory]
    [MemberData(nameof(Models))]
    public void What_the_neurons_write_adds_up_to_what_their_layer_adds_and_the_longest_are_taken(string name)
    {
        Decoder<double> model = AskedModels.Of(name);
        using DecoderTrace<double> trace = model.Trace(AskedModels.Ids);
        StrongestNeurons view = StrongestNeurons.Of(model, trace);
        Assert.Equal(0, view.FirstPosition);
        Assert.Equal(AskedModels.Ids.Length, view.Strongest.Count);
        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            FeedForward<double> feedForward = model.Stack.Blocks[layer].FeedForward;
            Tensor<double> down = feedForward.Down.Weight.Value, activities = trace.Blocks[layer].Neurons;
            int width = model.Config.FeedForwardWidth;
            for (int position = 0; position < AskedModels.Ids.Length; position++)
            {
                for (int row = 0; row < model.Config.Width; row++)
                {
                    double sum = feedForward.Down.Bias?.Value[row] ?? 0;
                    for (int neuron = 0; neuron < width; neuron++)
                        sum += down[row, neuron] * activities[position, neuron];
                    Assert.Equal(trace.Blocks[layer].FeedForwardOutput[position, row], sum, 1e-9);
                }

                int at = position;
                double Length(int neuron) => Math.Sqrt(Enumerable.Range(0, model.Config.Width).Sum(row => Math.Pow(down[row, neuron] * activities[at, neuron], 2)));
                ActiveNeuron[] strongest = view.Strongest[position][layer];
                Assert.Equal(Enumerable.Range(0, width).OrderByDescending(Length).Take(4), strongest.Select(neuron => neuron.Index));
                Assert.All(strongest, neuron => Assert.Equal(activities[at, neuron.Index], neuron.Activity, 1e-9));
                Assert.All(strongest, neuron => Assert.Equal(Length(neuron.Index), neuron.Length, 1e-9));
            }
        }

        // What each speaks for is what is said of it alone.
        (int, int)[] named = [.. view.Strongest.SelectMany(position => position.SelectMany((neurons, layer) => neurons.Select(neuron => (layer, neuron.Index)))).Distinct().Order()];
        Assert.Equal(named, view.Neurons.Select(neuron => (neuron.Layer, neuron.Index)));
        Assert.All(view.Neurons, neuron =>
        {
            NeuronView alone = NeuronView.Of(model, neuron.Layer, neuron.Index, 4);
            Assert.Equal(alone.Raises.Select(token => token.Id), neuron.Raises.Select(token => token.Id));
            Assert.All(alone.Lowers.Zip(neuron.Lowers), pair => Assert.Equal(pair.First.Effect, pair.Second.Effect, 1e-9));
        });
    }

    [Fact]
    public void Of_a_long_text_the_last_positions_are_there()
    {
        TransformerConfig config = AskedModels.Small with { Layers = 4 };
        Decoder<double> model = AskedModels.Drawn(config);
        using DecoderTrace<double> trace = model.Trace([.. Enumerable.Range(0, 48).Select(i => i * 7 % 47)]);
        StrongestNeurons view = StrongestNeurons.Of(model, trace);
        Assert.Equal(48 - 256 / 16, view.FirstPosition);
        Assert.Equal(16, view.Strongest.Count);
    }
}
