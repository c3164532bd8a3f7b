using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Layers;

/// <summary>
/// Recurrent layers on each other, each reading the states of the one below; or pairs of layers that read in both directions, their states
/// side by side (Schuster and Paliwal 1997).
/// </summary>
public sealed class RecurrentStack<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Adds the layers' parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The stack's name; its layers are NAME.0, NAME.1 and so on, and NAME.0.reversed.</param>
    /// <param name="kind">What a step does.</param>
    /// <param name="inputs">In: the width of the inputs.</param>
    /// <param name="width">H: the width of a state.</param>
    /// <param name="layers">How many layers there are.</param>
    /// <param name="readsBothWays">Whether each layer has a second one that reads from the end.</param>
    public RecurrentStack(
        ParameterSet<T> parameters, string name, RecurrentKind kind, int inputs, int width, int layers, bool readsBothWays = false)
    {
        Require.Positive(layers, "number of layers");
        int outputs = readsBothWays ? 2 * width : width;
        var forward = new RecurrentLayer<T>[layers];
        var reversed = new RecurrentLayer<T>[readsBothWays ? layers : 0];
        for (int i = 0; i < layers; i++)
        {
            int inputsOfLayer = i == 0 ? inputs : outputs;
            forward[i] = new(parameters, $"{name}.{i}", kind, inputsOfLayer, width);
            if (readsBothWays)
                reversed[i] = new(parameters, $"{name}.{i}.reversed", kind, inputsOfLayer, width, isReversed: true);
        }

        (Layers, ReversedLayers) = (forward, reversed);
    }

    /// <summary>The layers that read from the beginning, the lowest first.</summary>
    public IReadOnlyList<RecurrentLayer<T>> Layers { get; }

    /// <summary>The layers that read from the end; none where all read one way.</summary>
    public IReadOnlyList<RecurrentLayer<T>> ReversedLayers { get; }

    /// <summary>[B, T, In] to [B, T, H], or to [B, T, 2H] where both ways are read; dropout between the layers.</summary>
    /// <param name="x">The inputs.</param>
    /// <param name="pass">What kind of pass this is; its states, where it has some, are those before the first step, and then those after the last.</param>
    /// <exception cref="ArgumentException">There are states, and layers that read from the end, which has not come yet.</exception>
    public Variable<T> Forward(Variable<T> x, in ForwardPass<T> pass)
    {
        Require.That(pass.States is null || ReversedLayers.Count == 0, $"a network that reads from the end cannot go on with a text step by step");
        for (int layer = 0; layer < Layers.Count; layer++)
        {
            Variable<T> inputs = layer == 0 ? x : x.Dropout(pass.Dropout);
            RecurrentResult<T> result = pass.States is null ? Layers[layer].Forward(inputs) : pass.States.Forward(layer, Layers[layer], inputs, pass.Tape);
            x = ReversedLayers.Count == 0 ? result.States : result.States.Concat(ReversedLayers[layer].Forward(inputs).States, axis: 2);
        }

        return x;
    }
}
