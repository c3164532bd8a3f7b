using System.Text.Json.Serialization;

namespace MiniGpt.Model.Generation;

/// <summary>How a sentence's vector is made of those of its tokens.</summary>
public enum Pooling
{
    /// <summary>Their mean.</summary>
    [JsonStringEnumMemberName("mean")] Mean,

    /// <summary>That of the first, which BERT's texts begin with: [CLS].</summary>
    [JsonStringEnumMemberName("first")] First,
}
