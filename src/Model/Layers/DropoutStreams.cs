using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>
/// The random numbers for the dropouts of one forward pass, one stream for each place in the model, in the order in which the pass meets
/// them.
/// </summary>
/// <param name="probability">The probability with which an element is dropped.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="pass">The number of the forward pass within the run.</param>
public sealed class DropoutStreams(double probability, ulong seed, ulong pass)
{
    private ulong _place;

    /// <summary>The probability with which an element is dropped.</summary>
    public double Probability { get; } = probability;

    /// <summary>The stream of the next place.</summary>
    public RandomStream Next() => new(seed, RandomPurpose.Dropout, pass, _place++);
}
