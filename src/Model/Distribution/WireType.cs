using System.Text.Json.Serialization;

namespace MiniGpt.Model.Distribution;

/// <summary>How gradients go from rank to rank.</summary>
[JsonConverter(typeof(NameConverter<WireType>))]
public enum WireType
{
    /// <summary>As they are.</summary>
    [JsonStringEnumMemberName("float32")] Exact,

    /// <summary>Rounded to bfloat16: half of the bytes, and results that depend on the number of ranks.</summary>
    [JsonStringEnumMemberName("bf16")] BFloat16,
}
