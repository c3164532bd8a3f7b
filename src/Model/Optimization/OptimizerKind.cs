using System.Text.Json.Serialization;

namespace MiniGpt.Model.Optimization;

/// <summary>Who updates the parameters.</summary>
[JsonConverter(typeof(NameConverter<OptimizerKind>))]
public enum OptimizerKind
{
    /// <summary>AdamW for all of them (Loshchilov and Hutter 2019).</summary>
    [JsonStringEnumMemberName("adamw")] AdamW,

    /// <summary>Muon for the matrices (Jordan et al. 2024), AdamW for the rest.</summary>
    [JsonStringEnumMemberName("muon")] Muon,
}
