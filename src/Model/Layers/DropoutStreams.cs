using MiniGpt.Tensors;

namespace MiniGpt.Model.Layers;

/// <summary>With which probabilities training sets numbers to zero, each in [0, 1).</summary>
/// <param name="Activations">What the embedding, attention and the feed-forward layers hand on.</param>
/// <param name="Attention">The weights of attention.</param>
public readonly record struct DropoutRates(double Activations, double Attention)
{
    /// <summary>One probability for all places.</summary>
    public static implicit operator DropoutRates(double probability) => new(probability, probability);
}

/// <summary>
/// The random numbers for the dropouts of one forward pass, one stream for each place in the model, in the order in which the pass meets
/// them.
/// </summary>
/// <param name="rates">With which probabilities elements are dropped.</param>
/// <param name="seed">The run's seed.</param>
/// <param name="pass">The number of the forward pass within the run.</param>
public sealed class DropoutStreams(DropoutRates rates, ulong seed, ulong pass)
{
    private ulong _place;

    /// <summary>The probabilities with which elements are dropped.</summary>
    public DropoutRates Rates { get; } = rates;

    /// <summary>The streams of a pass; null where nothing is dropped.</summary>
    /// <param name="rates">With which probabilities elements are dropped.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="pass">The number of the forward pass within the run.</param>
    public static DropoutStreams? For(DropoutRates rates, ulong seed, ulong pass) => rates == default ? null : new(rates, seed, pass);

    /// <summary>The stream of the next place, whether anything is dropped there or not.</summary>
    public RandomStream Next() => new(seed, RandomPurpose.Dropout, pass, _place++);
}
