using System.Text.Json.Serialization;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Layers;

/// <summary>How the wavelengths of rotary positions are stretched.</summary>
[JsonConverter(typeof(NameConverter<RotaryScalingKind>))]
public enum RotaryScalingKind
{
    /// <summary>All by one factor (Chen et al. 2023, "position interpolation").</summary>
    [JsonStringEnumMemberName("linear")] Linear,

    /// <summary>Long ones by the factor, short ones not at all, those between in part (Llama 3.1, Grattafiori et al. 2024).</summary>
    [JsonStringEnumMemberName("llama3")] Llama3,
}

/// <summary>Rotary positions stretched for a context longer than that of the first training.</summary>
public sealed record RotaryScaling
{
    /// <summary>The way.</summary>
    public RotaryScalingKind Kind { get; init; }

    /// <summary>How many times longer the waves become.</summary>
    public required double Factor { get; init; }

    /// <summary>Waves longer than the original context over this are stretched by the whole factor.</summary>
    public double LowFrequencyFactor { get; init; } = 1;

    /// <summary>Waves shorter than the original context over this stay as they are.</summary>
    public double HighFrequencyFactor { get; init; } = 4;

    /// <summary>The context of the first training.</summary>
    public int OriginalContext { get; init; } = 8192;

    /// <summary>Throws where the values make no sense.</summary>
    /// <exception cref="ArgumentException">One line that says which.</exception>
    public void Validate()
    {
        Require.Positive(Factor, "factor of the rotary scaling");
        if (Kind == RotaryScalingKind.Llama3)
        {
            Require.Positive(LowFrequencyFactor, "low frequency factor of the rotary scaling");
            Require.That(HighFrequencyFactor > LowFrequencyFactor && double.IsFinite(HighFrequencyFactor),
                $"the high frequency factor of the rotary scaling must be above the low one, they are {HighFrequencyFactor} and {LowFrequencyFactor}");
            Require.Positive(OriginalContext, "original context of the rotary scaling");
        }
    }

    /// <summary>The frequencies, in radians a position, that take the place of others.</summary>
    public double[] Apply(ReadOnlySpan<double> frequencies) => Kind == RotaryScalingKind.Linear
        ? RotaryFrequencies.Linear(frequencies, Factor)
        : RotaryFrequencies.Llama3(frequencies, new Llama3Scaling(Factor, LowFrequencyFactor, HighFrequencyFactor, OriginalContext));
}
