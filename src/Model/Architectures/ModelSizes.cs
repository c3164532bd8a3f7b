using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Architectures;

/// <summary>The sizes that a model of any architecture has. What is 0 follows from the others.</summary>
/// <param name="VocabularySize">V.</param>
/// <param name="Context">T.</param>
/// <param name="Layers">How many blocks.</param>
/// <param name="Heads">H.</param>
/// <param name="Width">C.</param>
public readonly record struct ModelSizes(int VocabularySize, int Context, int Layers, int Heads, int Width)
{
    /// <summary>G: heads of keys and values; 0 for as many as of queries.</summary>
    public int KeyHeads { get; init; }

    /// <summary>D: 0 for width over heads.</summary>
    public int HeadSize { get; init; }

    /// <summary>F: 0 for what the architecture usually has.</summary>
    public int FeedForwardWidth { get; init; }

    /// <summary>
    /// The width of gated feed-forward layers that have about as many parameters as plain ones of 4 times the width: 8/3 of it, in
    /// multiples of 32 (Shazeer 2020).
    /// </summary>
    internal int GatedWidth => FeedForwardWidth > 0 ? FeedForwardWidth : (int)Math.Min(int.MaxValue, (8L * Width / 3 + 31) / 32 * 32);
}

/// <summary>A family of models: a name, and the configuration that makes a transformer one of them.</summary>
/// <param name="Name">The name, as files know it.</param>
/// <param name="Configure">The configuration of a model of some sizes.</param>
public sealed record ModelFamily(string Name, Func<ModelSizes, TransformerConfig> Configure)
{
    /// <summary>The families that can be trained from nothing.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
        [Gpt2.Family, Llama.Family, Qwen2.Family, Qwen3.Family, Phi3.Family, Gemma.Family, Bert.Family, Marian.Family, .. RecurrentNetwork.Families];

    /// <summary>The family of a name.</summary>
    /// <exception cref="ArgumentException">There is none: one line with those that there are.</exception>
    public static ModelFamily Of(string name) => All.FirstOrDefault(family => family.Name == name)
        ?? throw new ArgumentException($"there is no architecture '{name}', {string.Join(", ", All.Select(family => family.Name))} expected");
}
