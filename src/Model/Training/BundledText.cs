using System.Text.Json.Serialization;

namespace MiniGpt.Model.Training;

/// <summary>The texts that come with the program, by the language they are in. Where they are is the program's affair.</summary>
[JsonConverter(typeof(NameConverter<BundledText>))]
public enum BundledText
{
    /// <summary>Parts of Shakespeare's plays, in English.</summary>
    [JsonStringEnumMemberName("en")] Shakespeare,

    /// <summary>Natsume Soseki's novel I Am a Cat, in Japanese.</summary>
    [JsonStringEnumMemberName("ja")] Novel,
}
