using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>
/// Recurrent language models (Mikolov et al. 2010; with LSTMs Zaremba et al. 2014): an embedding, recurrent layers of its width on each other,
/// and the embedding once more as head. Everything else about them is as of a transformer, so that the two can be compared.
/// </summary>
public static class RecurrentNetwork
{
    /// <summary>A family for each kind of layer.</summary>
    public static IReadOnlyList<ModelFamily> Families { get; } =
        [.. Enum.GetValues<RecurrentKind>().Select(kind => new ModelFamily(OptionNames.Of(kind), sizes => Config(kind, sizes)))];

    /// <summary>The configuration of a recurrent network. Of the sizes, those of heads and feed-forward layers are not read.</summary>
    public static TransformerConfig Config(RecurrentKind kind, ModelSizes sizes) => new()
    {
        Architecture = OptionNames.Of(kind),
        VocabularySize = sizes.VocabularySize,
        Context = sizes.Context,
        Layers = sizes.Layers,
        Width = sizes.Width,
        Recurrence = kind,
        Attention = new() { Heads = 1 },
        Positions = new() { Kind = PositionKind.None },
        // No norm brings the rows of the embedding to size: they enter with a variance of 1, and as head start smaller.
        InitializerRange = 0.1,
        EmbeddingScale = 10,
    };
}
