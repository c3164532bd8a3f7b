using System.Text.Json.Serialization;

namespace MiniGpt.Model.Layers;

/// <summary>How a model knows where in the context a token stands.</summary>
[JsonConverter(typeof(NameConverter<PositionKind>))]
public enum PositionKind
{
    /// <summary>A trained vector for each position.</summary>
    [JsonStringEnumMemberName("learned")] Learned,

    /// <summary>Fixed sines and cosines ("Attention is all you need", section 3.5).</summary>
    [JsonStringEnumMemberName("sinusoidal")] Sinusoidal,

    /// <summary>Queries and keys are turned by angles that grow with the position (Su et al. 2021).</summary>
    [JsonStringEnumMemberName("rotary")] Rotary,

    /// <summary>Not at all: the causal mask alone tells positions apart.</summary>
    [JsonStringEnumMemberName("none")] None,
}

/// <summary>How the positions of a model are told apart.</summary>
public sealed record PositionConfig
{
    /// <summary>The way.</summary>
    public PositionKind Kind { get; init; }

    /// <summary>The base of the wavelengths of rotary positions.</summary>
    public double RotaryBase { get; init; } = 10000;

    /// <summary>How rotary positions are stretched for contexts longer than those of the first training; null where they are not.</summary>
    public RotaryScaling? RotaryScaling { get; init; }

    /// <summary>
    /// Whether the first half of a sinusoidal row are all sines and the second half the cosines (Marian), instead of one beside the other.
    /// </summary>
    public bool SinesFirst { get; init; }

    /// <summary>
    /// The size of the waves (<see cref="SinusoidalPositions"/>) that learned positions start as; 0 where they are drawn like all other numbers.
    /// </summary>
    public double FirstWaves { get; init; }

    /// <summary>Whether there is a table with a row for each position.</summary>
    public bool HasTable => Kind is PositionKind.Learned or PositionKind.Sinusoidal;
}
