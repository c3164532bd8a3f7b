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

/// <summary>What follows from a kind of recurrent layer.</summary>
internal static class RecurrentLayerSizes
{
    /// <summary>G: how many numbers of the width a step computes, each from a matrix of its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such kind.</exception>
    public static int Gates(RecurrentKind kind) => kind switch
    {
        RecurrentKind.Rnn => 1,
        RecurrentKind.Gru => 3,
        RecurrentKind.Lstm => 4,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), $"There is no recurrent layer {kind}."),
    };
}
