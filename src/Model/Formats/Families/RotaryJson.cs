using System.Text.Json.Nodes;
using MiniGpt.Model.Files;
using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Formats.Families;

/// <summary>Rotary positions in config.json: rope_theta and rope_scaling, or both in rope_parameters as newer files have them.</summary>
internal static class RotaryJson
{
    /// <summary>Reads the base and the scaling.</summary>
    /// <param name="fields">The file.</param>
    /// <param name="usual">What holds where keys are missing.</param>
    /// <exception cref="FileFormatException">The scaling is of a kind that is not supported.</exception>
    public static PositionConfig Read(JsonFields fields, PositionConfig usual)
    {
        JsonFields? both = fields.OptionalFields("rope_parameters");
        double theta = both?.Number("rope_theta", usual.RotaryBase) ?? fields.Number("rope_theta", usual.RotaryBase);
        JsonFields? scaling = both ?? fields.OptionalFields("rope_scaling");
        foreach (JsonFields? place in (JsonFields?[])[fields, both])
        {
            if (place?.Number("partial_rotary_factor", 1) is double share and not 1)
                throw place.Value.NotSupported("partial_rotary_factor", "1");
        }
        return usual with { RotaryBase = theta, RotaryScaling = scaling is JsonFields kind ? ReadScaling(kind) : null };
    }

    /// <summary>The value of rope_scaling.</summary>
    public static JsonObject? Write(RotaryScaling? scaling) => scaling switch
    {
        null => null,
        { Kind: RotaryScalingKind.Linear } => new() { ["rope_type"] = "linear", ["factor"] = scaling.Factor },
        _ => new()
        {
            ["rope_type"] = "llama3",
            ["factor"] = scaling.Factor,
            ["low_freq_factor"] = scaling.LowFrequencyFactor,
            ["high_freq_factor"] = scaling.HighFrequencyFactor,
            ["original_max_position_embeddings"] = scaling.OriginalContext,
        },
    };

    private static RotaryScaling? ReadScaling(JsonFields fields)
    {
        string key = fields.OptionalText("rope_type") is null ? "type" : "rope_type";
        return fields.OptionalText(key) switch
        {
            null or "default" => null,
            "linear" => new() { Kind = RotaryScalingKind.Linear, Factor = fields.Number("factor", double.NaN) },
            "llama3" => new()
            {
                Kind = RotaryScalingKind.Llama3,
                Factor = fields.Number("factor", double.NaN),
                LowFrequencyFactor = fields.Number("low_freq_factor", 1),
                HighFrequencyFactor = fields.Number("high_freq_factor", 4),
                OriginalContext = fields.OptionalInteger("original_max_position_embeddings") ?? 8192,
            },
            _ => throw fields.NotSupported(key, "default, linear or llama3"),
        };
    }
}
