using System.Text.Json.Serialization;

namespace MiniGpt.Model.Layers;

/// <summary>What a recurrent layer does in each step.</summary>
[JsonConverter(typeof(NameConverter<RecurrentKind>))]
public enum RecurrentKind
{
    /// <summary>tanh of input and state (Elman 1990).</summary>
    [JsonStringEnumMemberName("rnn")] Rnn,

    /// <summary>Gated recurrent units (Cho et al. 2014).</summary>
    [JsonStringEnumMemberName("gru")] Gru,

    /// <summary>Long short-term memory (Hochreiter and Schmidhuber 1997).</summary>
    [JsonStringEnumMemberName("lstm")] Lstm,
}
