using MiniGpt.Model.Layers;

namespace MiniGpt.Model.Generation;

/// <summary>The ids with which a translator's texts begin and end.</summary>
/// <param name="Begin">The id that stands before a translation.</param>
/// <param name="End">The id behind a translation.</param>
/// <param name="Padding">The id that fills up shorter translations of a batch.</param>
/// <param name="SourceEnd">The id behind a sentence.</param>
/// <param name="SourcePadding">The id that fills up shorter sentences of a batch.</param>
internal readonly record struct TranslationMarkIds(int Begin, int End, int Padding, int SourceEnd, int SourcePadding)
{
    /// <summary>The ids of a model.</summary>
    /// <exception cref="ArgumentException">It has none.</exception>
    public static TranslationMarkIds Of(TransformerConfig config)
    {
        Require.That(config.EndOfTextId is not null, $"a model that translates needs an id that ends a text, the configuration has none");
        int padding = config.PaddingId ?? config.EndOfTextId!.Value, begin = config.BeginOfTextId ?? padding;
        foreach (int id in (int[])[begin, config.EndOfTextId!.Value, padding])
            Require.That(id < config.VocabularySize, $"the id {id} round a text is outside of the vocabulary of {config.VocabularySize}");
        TransformerConfig source = config.ToSource();
        int sourceEnd = source.EndOfTextId!.Value;
        Require.That(sourceEnd < source.VocabularySize,
            $"the id {sourceEnd} behind a text that is read is outside of the vocabulary of {source.VocabularySize}");
        // Nobody looks at padding: what stands there only has to be in the table.
        return new(begin, config.EndOfTextId.Value, padding, sourceEnd, padding < source.VocabularySize ? padding : sourceEnd);
    }
}
