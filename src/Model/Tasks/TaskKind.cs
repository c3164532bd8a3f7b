using System.Text.Json.Serialization;

namespace MiniGpt.Model.Tasks;

/// <summary>What a model learns to do.</summary>
[JsonConverter(typeof(NameConverter<TaskKind>))]
public enum TaskKind
{
    /// <summary>To go on with a text: the next token from all before it.</summary>
    [JsonStringEnumMemberName("next")] Next,

    /// <summary>To say what stood where tokens are masked, from both sides (Devlin et al. 2019).</summary>
    [JsonStringEnumMemberName("masked")] Masked,

    /// <summary>To translate: sentences of one language to those of another.</summary>
    [JsonStringEnumMemberName("translate")] Translate,
}
