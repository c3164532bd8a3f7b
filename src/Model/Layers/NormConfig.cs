using System.Text.Json.Serialization;

namespace MiniGpt.Model.Layers;

/// <summary>How a norm scales a row.</summary>
[JsonConverter(typeof(NameConverter<NormKind>))]
public enum NormKind
{
    /// <summary>To mean 0 and variance 1 (Ba et al. 2016).</summary>
    [JsonStringEnumMemberName("layer")] Layer,

    /// <summary>To a mean square of 1 (Zhang and Sennrich 2019).</summary>
    [JsonStringEnumMemberName("rms")] Rms,
}

/// <summary>Where the norms of a block stand.</summary>
[JsonConverter(typeof(NameConverter<NormPlace>))]
public enum NormPlace
{
    /// <summary>Before each branch: x + branch(norm(x)), and one more norm after the last block (GPT-2 and everything since).</summary>
    [JsonStringEnumMemberName("before")] Before,

    /// <summary>After each branch was added: norm(x + branch(x)) (Vaswani et al. 2017, BERT).</summary>
    [JsonStringEnumMemberName("after")] After,
}

/// <summary>The norms of a model.</summary>
public sealed record NormConfig
{
    /// <summary>How a row is scaled.</summary>
    public NormKind Kind { get; init; }

    /// <summary>Added to the variance, or to the mean square.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>Whether a layer norm has a bias beside its gain. An RMS norm never has.</summary>
    public bool HasBias { get; init; } = true;

    /// <summary>Where the norms of a block stand.</summary>
    public NormPlace Place { get; init; }
}
