namespace MiniGpt.Tensors.Kernels;

/// <summary>Llama 3's stretch of the context: <c>rope_scaling</c> of kind "llama3" in a model's config.json.</summary>
/// <param name="Factor">What long wavelengths are stretched by.</param>
/// <param name="LowFrequencyFactor">Wavelengths over <paramref name="OriginalPositions"/> / this are stretched whole.</param>
/// <param name="HighFrequencyFactor">Wavelengths under <paramref name="OriginalPositions"/> / this are left alone.</param>
/// <param name="OriginalPositions">The context that the model was trained on before.</param>
public readonly record struct Llama3Scaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalPositions);

/// <summary>The angles, in radians a position, by which <see cref="RotaryEmbedding"/> turns each pair of a head's numbers.</summary>
public static class RotaryFrequencies
{
    /// <summary>theta^(-2i / width) for each pair i (Su et al. 2021).</summary>
    /// <param name="width">R, how many of a head's numbers are turned: even.</param>
    /// <param name="theta">The base of the wavelengths.</param>
    /// <returns>R / 2 frequencies.</returns>
    /// <exception cref="ArgumentException">The width is odd or negative, or theta not positive.</exception>
    public static double[] Plain(int width, double theta = 10000)
    {
        if (width < 0 || width % 2 != 0 || !(theta > 0 && double.IsFinite(theta)))
            throw new ArgumentException($"RotaryEmbedding: no frequencies for width {width} (even) and theta {theta} (positive).");

        return [.. Enumerable.Range(0, width / 2).Select(pair => Math.Pow(theta, -2.0 * pair / width))];
    }

    /// <summary>All frequencies divided by a factor: positions that many times as far apart (Chen et al. 2023, position interpolation).</summary>
    /// <exception cref="ArgumentException">The factor is not positive.</exception>
    public static double[] Linear(ReadOnlySpan<double> frequencies, double factor)
    {
        CheckPositive("factor", factor);
        double[] scaled = frequencies.ToArray();
        foreach (ref double frequency in scaled.AsSpan())
            frequency /= factor;

        return scaled;
    }

    /// <summary>
    /// Frequencies that turn often within the original context stay, those that do not come round are divided by the factor, and between
    /// them what is divided goes over evenly in the number of turns (Llama 3.1, 2024).
    /// </summary>
    /// <exception cref="ArgumentException">
    /// A number is not positive, or the low frequencies' factor is not below that of the high ones.
    /// </exception>
    public static double[] Llama3(ReadOnlySpan<double> frequencies, Llama3Scaling scaling)
    {
        CheckPositive("factor", scaling.Factor);
        CheckPositive("low frequencies' factor", scaling.LowFrequencyFactor);
        CheckPositive("high frequencies' factor", scaling.HighFrequencyFactor);
        CheckPositive("original number of positions", scaling.OriginalPositions);
        if (scaling.LowFrequencyFactor >= scaling.HighFrequencyFactor)
        {
            throw new ArgumentException(
                $"RotaryEmbedding: the low frequencies' factor {scaling.LowFrequencyFactor} must be below that of the high ones, {scaling.HighFrequencyFactor}.");
        }

        double[] scaled = frequencies.ToArray();
        foreach (ref double frequency in scaled.AsSpan())
        {
            double turns = scaling.OriginalPositions * frequency / (2 * Math.PI);
            double kept = Math.Clamp(
                (turns - scaling.LowFrequencyFactor) / (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor), 0, 1);
            frequency = kept == 1 ? frequency : frequency * ((1 - kept) / scaling.Factor + kept);
        }

        return scaled;
    }

    private static void CheckPositive(string name, double number)
    {
        if (!(number > 0 && double.IsFinite(number)))
            throw new ArgumentException($"RotaryEmbedding: the {name} must be positive, not {number}.");
    }
}
