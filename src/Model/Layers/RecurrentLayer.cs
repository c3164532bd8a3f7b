using System.Numerics;
using MiniGpt.Autograd;
using MiniGpt.Autograd.Ops;

namespace MiniGpt.Model.Layers;

/// <summary>
/// One layer of a recurrent network: an Elman network (1990), gated recurrent units (Cho et al. 2014) or long short-term memory (Hochreiter
/// and Schmidhuber 1997), with PyTorch's definitions and order of gates. All inputs are projected at once; what is left for each step is the
/// product with the state.
/// </summary>
public sealed class RecurrentLayer<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly bool _isReversed;

    /// <summary>Adds the layer's parameters to a set.</summary>
    /// <param name="parameters">The set.</param>
    /// <param name="name">The layer's name; its parameters are NAME.input.weight and .bias, NAME.recurrent.weight and, of a GRU, .bias.</param>
    /// <param name="kind">What a step does.</param>
    /// <param name="inputs">In: the width of the inputs.</param>
    /// <param name="width">H: the width of the state.</param>
    /// <param name="isReversed">Whether the steps go from the end of the sequence to its beginning.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such kind.</exception>
    public RecurrentLayer(ParameterSet<T> parameters, string name, RecurrentKind kind, int inputs, int width, bool isReversed = false)
    {
        _isReversed = isReversed;
        (Kind, Width) = (kind, width);
        int gates = RecurrentLayerSizes.Gates(kind);
        // The variance of PyTorch's start, which is uniform between ±1/√H.
        Initialization normal = Initialization.Normal(1 / Math.Sqrt(3.0 * width));
        int[] parts = [.. Enumerable.Repeat(width, gates)];
        Input = new Linear<T>(parameters, $"{name}.input", inputs, gates * width, normal, hasBias: true, parts);
        if (kind == RecurrentKind.Lstm)
            Input.Bias!.Initialization = Initialization.Ones with { Part = 1 }; // forget gates start rather open (Jozefowicz et al. 2015)
        RecurrentWeight = parameters.Add($"{name}.recurrent.weight", [gates * width, width], normal, ParameterRole.Matrix, parts);
        RecurrentBias = kind == RecurrentKind.Gru
            ? parameters.Add($"{name}.recurrent.bias", [gates * width], Initialization.Zeros, ParameterRole.Vector, parts)
            : null;
    }

    /// <summary>What a step does.</summary>
    public RecurrentKind Kind { get; }

    /// <summary>H: the width of the state.</summary>
    public int Width { get; }

    /// <summary>From the inputs to the gates: In to G · H, where G is 1 of an Elman network, 3 of a GRU, 4 of an LSTM.</summary>
    public Linear<T> Input { get; }

    /// <summary>From the state before to the gates, [G · H, H].</summary>
    public Parameter<T> RecurrentWeight { get; }

    /// <summary>[3H] of a GRU, whose reset gate takes effect after it. The others have none: it would be a second one of the input.</summary>
    public Parameter<T>? RecurrentBias { get; }

    /// <summary>[B, T, In] to [B, T, H].</summary>
    /// <param name="x">The inputs.</param>
    /// <param name="state">The state before the first step, [B, H]; null for zeros.</param>
    /// <param name="cell">The LSTM's cell before the first step, [B, H]; null for zeros.</param>
    public RecurrentResult<T> Forward(Variable<T> x, Variable<T>? state = null, Variable<T>? cell = null)
    {
        Variable<T> projected = Input.Forward(x);
        if (Kind != RecurrentKind.Lstm)
            return new(Kind == RecurrentKind.Gru ? Gru(projected, state) : Rnn(projected, state), null, _isReversed);

        (Variable<T> states, Variable<T> lastCell) = RecurrentWeight.Packed is { } matrix
            ? projected.Lstm(matrix, state, cell, _isReversed)
            : projected.Lstm(RecurrentWeight.Variable, state, cell, _isReversed);
        return new(states, lastCell, _isReversed);
    }

    private Variable<T> Rnn(Variable<T> projected, Variable<T>? state) => RecurrentWeight.Packed is { } matrix
        ? projected.Rnn(matrix, state, _isReversed)
        : projected.Rnn(RecurrentWeight.Variable, state, _isReversed);

    private Variable<T> Gru(Variable<T> projected, Variable<T>? state) => RecurrentWeight.Packed is { } matrix
        ? projected.Gru(matrix, RecurrentBias!.Variable, state, _isReversed)
        : projected.Gru(RecurrentWeight.Variable, RecurrentBias!.Variable, state, _isReversed);
}

/// <summary>What a recurrent layer gives.</summary>
/// <param name="States">The state after each step, [B, T, H].</param>
/// <param name="LastCell">The LSTM's cell after the last step, [B, H]; null of the others, whose state is all that they remember.</param>
/// <param name="IsReversed">Whether the last step is the first of the sequence.</param>
public readonly record struct RecurrentResult<T>(Variable<T> States, Variable<T>? LastCell, bool IsReversed)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>The state after the last step, [B, H].</summary>
    public Variable<T> LastState() =>
        States.Slice(1, IsReversed ? 0 : States.Shape[1] - 1, 1).Reshape([States.Shape[0], States.Shape[2]]);
}
