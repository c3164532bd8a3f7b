using System.Text.Json.Serialization;

namespace MiniGpt.Model.Lessons;

/// <summary>The languages that pages and lessons speak. Lessons take their examples from the one that is asked for.</summary>
public enum Language
{
    /// <summary>English.</summary>
    [JsonStringEnumMemberName("en")] English,

    /// <summary>Japanese.</summary>
    [JsonStringEnumMemberName("ja")] Japanese,
}
