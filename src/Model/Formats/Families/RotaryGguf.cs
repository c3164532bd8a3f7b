using MiniGpt.Model.Files;
using MiniGpt.Model.Formats.Gguf;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors.Kernels;

namespace MiniGpt.Model.Formats.Families;

/// <summary>
/// Rotary positions in GGUF: the base and a linear scaling are keys; Llama 3's scaling is a tensor of what each frequency is divided by.
/// </summary>
internal static class RotaryGguf
{
    /// <summary>The tensor of Llama 3's scaling.</summary>
    public const string FactorsTensor = "rope_freqs.weight";

    private const double Tolerance = 1e-4; // factors are stored as floats

    /// <summary>Reads the base and the scaling.</summary>
    /// <exception cref="FileFormatException">The scaling is of a kind that is not supported.</exception>
    public static PositionConfig Read(GgufSizes sizes, PositionConfig usual)
    {
        // A missing key means llama.cpp's own base, whatever the family's is.
        PositionConfig positions = usual with { RotaryBase = sizes.Number("rope.freq_base") ?? 10000 };
        int size = sizes.HeadSize > 0 ? sizes.HeadSize : sizes.Width / Math.Max(1, sizes.Heads);
        if (sizes.Integer("rope.dimension_count") is int turned && turned != size)
            throw sizes.NotSupported("rope.dimension_count", $"{turned}", $"the head size of {size}");
        RotaryScaling? scaling = sizes.Text("rope.scaling.type") switch
        {
            null or "none" => null,
            "linear" => new() { Kind = RotaryScalingKind.Linear, Factor = sizes.Number("rope.scaling.factor") ?? 1 },
            string kind => throw sizes.NotSupported("rope.scaling.type", kind, "none or linear"),
        };
        if (sizes.Numbers(FactorsTensor, size / 2) is double[] factors)
            scaling = FromFactors(sizes, positions.RotaryBase, size, factors);
        return positions with { RotaryScaling = scaling };
    }

    /// <summary>Writes the keys.</summary>
    public static void Write(TransformerConfig config, GgufWriter writer, string prefix)
    {
        writer.Add($"{prefix}rope.freq_base", config.Positions.RotaryBase);
        writer.Add($"{prefix}rope.dimension_count", config.HeadSize);
        if (config.Positions.RotaryScaling is { Kind: RotaryScalingKind.Linear } scaling)
        {
            writer.Add($"{prefix}rope.scaling.type", "linear");
            writer.Add($"{prefix}rope.scaling.factor", scaling.Factor);
        }
    }

    /// <summary>What each frequency is divided by; null where no tensor says it.</summary>
    public static double[]? Factors(TransformerConfig config) => config.Positions.RotaryScaling is { Kind: RotaryScalingKind.Llama3 } scaling
        ? Factors(scaling, config.Positions.RotaryBase, config.HeadSize)
        : null;

    private static double[] Factors(RotaryScaling scaling, double theta, int headSize)
    {
        double[] plain = RotaryFrequencies.Plain(headSize, theta);
        return [.. plain.Zip(scaling.Apply(plain), (before, after) => before / after)];
    }

    /// <summary>Why the factors of a scaling could not be read again; null where they can.</summary>
    public static string? ReasonAgainst(TransformerConfig config) =>
        Factors(config) is double[] factors && !TryFind(config.Positions.RotaryBase, config.HeadSize, factors, out _)
            ? "a scaling of rotary positions with other bounds than Llama 3's"
            : null;

    private static RotaryScaling? FromFactors(GgufSizes sizes, double theta, int headSize, double[] factors) =>
        TryFind(theta, headSize, factors, out RotaryScaling? scaling)
            ? scaling
            : throw sizes.NotSupported(FactorsTensor, "a tensor of other factors", "those of Llama 3's scaling");

    /// <summary>
    /// The scaling that makes these factors, or none: Llama 3 has had one alone, with several factors. A wave that is stretched in part says
    /// what the first context was; where there is none, it was Llama 3's.
    /// </summary>
    private static bool TryFind(double theta, int headSize, double[] factors, out RotaryScaling? scaling)
    {
        scaling = null;
        if (factors.All(factor => factor == 1))
            return true;
        RotaryScaling llama = new() { Kind = RotaryScalingKind.Llama3, Factor = factors.Max() };
        int part = Array.FindIndex(factors, factor => factor > 1 + Tolerance && factor < llama.Factor * (1 - Tolerance));
        RotaryScaling other = part < 0 ? llama : llama with { OriginalContext = FirstContext(llama, RotaryFrequencies.Plain(headSize, theta)[part], factors[part]) };
        scaling = Makes(llama) ? llama : Makes(other) ? other : null;
        return scaling is not null;

        bool Makes(RotaryScaling tried) =>
            Factors(tried, theta, headSize).Zip(factors).All(pair => Math.Abs(pair.First - pair.Second) <= Tolerance * pair.First);
    }

    /// <summary>Llama 3's rule solved for the context: a wave between the bounds is stretched by a mixture of 1 and the factor.</summary>
    private static int FirstContext(RotaryScaling scaling, double frequency, double factor)
    {
        double share = (1 / factor - 1 / scaling.Factor) / (1 - 1 / scaling.Factor);
        double turns = scaling.LowFrequencyFactor + share * (scaling.HighFrequencyFactor - scaling.LowFrequencyFactor);
        return (int)Math.Clamp(Math.Round(turns * 2 * Math.PI / frequency), 1, int.MaxValue);
    }
}
