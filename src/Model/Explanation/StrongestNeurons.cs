using System.Numerics;
using MiniGpt.Model.Architectures;
using MiniGpt.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace MiniGpt.Model.Explanation;

/// <summary>A neuron of a feed-forward layer at a position of a text.</summary>
/// <param name="Index">Its place between the matrices, from 0.</param>
/// <param name="Activity">How active it is there: what multiplies the vector that it writes into the residual stream.</param>
/// <param name="Length">The length of what it writes there.</param>
public readonly record struct ActiveNeuron(int Index, double Activity, double Length);

/// <summary>The neurons that write the longest vectors into the residual stream, at some positions of a text in each layer, and what they speak for.</summary>
/// <param name="FirstPosition">The first of the positions; all that follow are there.</param>
/// <param name="Strongest">[positions][layers][…]: the neurons, strongest first.</param>
/// <param name="Neurons">What each of them speaks for and against, each once.</param>
public sealed record StrongestNeurons(int FirstPosition, IReadOnlyList<IReadOnlyList<ActiveNeuron[]>> Strongest, IReadOnlyList<NeuronView> Neurons)
{
    private const int MostNeurons = 4; // of a position in a layer
    private const int MostTokens = 4; // of those that a neuron raises or lowers
    private const int MostShown = 256; // of all neurons of all positions: a page has to carry them

    /// <summary>Asks a model about a text that it has gone through.</summary>
    /// <param name="model">The model.</param>
    /// <param name="trace">What it computed of the text.</param>
    /// <exception cref="ArgumentException">The model is a recurrent network, or its logits are no linear function of its last hidden state.</exception>
    /// <exception cref="InvalidOperationException">The model's matrices are laid out to be read.</exception>
    public static StrongestNeurons Of<T>(Decoder<T> model, DecoderTrace<T> trace)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (int length, int layers) = (trace.Ids.Count, model.Config.Layers);
        int first = length - Math.Clamp(MostShown / (MostNeurons * layers), 1, length);
        double[][] lengths = [.. model.Stack.Blocks.Select(block => LengthsOf(block.FeedForward.Down.Weight.Value))];
        ActiveNeuron[][][] strongest = [.. Enumerable.Range(first, length - first).Select(position => (ActiveNeuron[][])
            [.. Enumerable.Range(0, layers).Select(layer => StrongestOf(RowReading.Of(trace.Blocks[layer].Neurons, position), lengths[layer]))])];
        (int Layer, int Index)[] places = [.. strongest.SelectMany(position => position.Index().SelectMany(layer => layer.Item.Select(neuron => (layer.Index, neuron.Index)))).Distinct().Order()];
        return new StrongestNeurons(first, strongest, NeuronView.Of(model, places, MostTokens));
    }

    private static ActiveNeuron[] StrongestOf(double[] activities, double[] lengths)
    {
        double[] written = [.. activities.Zip(lengths, (activity, length) => Math.Abs(activity) * length)];
        return [.. Ranking.Greatest(written, MostNeurons).Select(index => new ActiveNeuron(index, activities[index], written[index]))];
    }

    /// <summary>The lengths of the columns of a matrix (C, F).</summary>
    private static double[] LengthsOf<T>(Tensor<T> matrix)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] squares = new double[matrix.Shape[1]];
        for (int row = 0; row < matrix.Shape[0]; row++)
        {
            double[] numbers = RowReading.Of(matrix, row);
            TensorPrimitives.MultiplyAdd(numbers, numbers, squares, squares);
        }
        TensorPrimitives.Sqrt(squares, squares);
        return squares;
    }
}
