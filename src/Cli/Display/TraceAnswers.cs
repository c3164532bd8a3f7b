using MiniGpt.Model.Explanation;
using MiniGpt.Model.Generation;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Cli.Display;

/// <summary>What minigpt trace found out. What was not asked for is null.</summary>
/// <param name="Tokenizer">Says what tokens look like.</param>
internal sealed record TraceAnswers(ITokenizer Tokenizer)
{
    /// <summary>How many rows the longer tables have.</summary>
    public int Top { get; init; }

    /// <summary>The text; null where a neuron alone is asked about.</summary>
    public string? Text { get; init; }

    /// <summary>Its tokens.</summary>
    public IReadOnlyList<int> Ids { get; init; } = [];

    /// <summary>The text whose vectors replace those of the first.</summary>
    public string? OtherText { get; init; }

    /// <summary>Its tokens.</summary>
    public IReadOnlyList<int> OtherIds { get; init; } = [];

    /// <summary>The likeliest tokens after the text.</summary>
    public IReadOnlyList<NextToken> Next { get; init; } = [];

    public AttributionView? Attribution { get; init; }

    public GradientView? Gradients { get; init; }

    public SwitchedOffView? SwitchedOff { get; init; }

    public PatchingView? Patching { get; init; }

    public NeuronView? Neuron { get; init; }
}
