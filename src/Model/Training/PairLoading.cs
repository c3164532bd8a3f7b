using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>The tokenizers of sentence pairs.</summary>
/// <param name="Source">That of the sentences.</param>
/// <param name="Target">That of their translations: the same, or one of its own.</param>
internal readonly record struct PairTokenizers(ITokenizer Source, ITokenizer Target);

/// <summary>Sentence pairs to tokens, with a tokenizer of both languages or one for each.</summary>
internal static class PairLoading
{
    /// <summary>The tokenizers that are given, and where they are not, learned from both sides of some pairs, or from each.</summary>
    /// <param name="options">Which are learned, of how many tokens, and whether each side has its own.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="marks">What stands before sentences to say into which language they go.</param>
    /// <param name="given">Given for the translations, or for both sides; null where it is learned.</param>
    /// <param name="givenSource">Given for the sentences; null where there is no other for them, or where it is learned.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends the learning without a result.</param>
    /// <exception cref="ArgumentException">Such a tokenizer knows no special tokens, or its size is not named or too small.</exception>
    public static PairTokenizers TokenizersOf(
        TrainingOptions options, IReadOnlyList<PairLine> pairs, IReadOnlyList<string> marks, ITokenizer? given, ITokenizer? givenSource,
        IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        IEnumerable<string> sources = pairs.Select(pair => pair.Source), targets = pairs.Select(pair => pair.Target);
        if (options.SourceTokenizer is LearnedTokenizer own)
            return new(givenSource ?? Learn(own, sources, marks), given ?? Learn(options.Tokenizer, targets, []));
        ITokenizer both = given ?? Learn(options.Tokenizer, pairs.SelectMany(pair => (string[])[pair.Source, pair.Target]), marks);
        return new(givenSource ?? both, both);

        ITokenizer Learn(LearnedTokenizer kind, IEnumerable<string> texts, IReadOnlyList<string> marks)
        {
            Require.That(kind is LearnedTokenizer.BytePair or LearnedTokenizer.Unigram,
                $"translation needs a tokenizer that gives text back and knows tokens of its own, {OptionNames.Of(LearnedTokenizer.BytePair)} or "
                + $"{OptionNames.Of(LearnedTokenizer.Unigram)} expected, {OptionNames.Of(kind)} found");
            Require.That(options.VocabularySize is not null, $"a tokenizer that is learned needs to know how large its vocabulary is to be");
            string[] special = [Tokenizers.Tokenizer.EndOfText, TranslationMarks.Padding, .. marks];
            return TokenizerLearner.Subwords(kind, texts, options.VocabularySize!.Value, special, progress, cancellationToken);
        }
    }

    /// <summary>The ids of some pairs.</summary>
    /// <exception cref="ArgumentException">A sentence is longer than the context, or has what the tokenizer cannot say.</exception>
    public static TokenPairs Tokenise(IReadOnlyList<PairLine> pairs, PairTokenizers tokenizers, int context, CancellationToken cancellationToken)
    {
        List<int[]> sources = new(pairs.Count), targets = new(pairs.Count);
        foreach (PairLine pair in pairs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sources.Add(Encode(tokenizers.Source, pair.Source, pair));
            targets.Add(Encode(tokenizers.Target, pair.Target, pair));
        }
        return new TokenPairs(sources, targets);

        int[] Encode(ITokenizer tokenizer, string text, in PairLine pair)
        {
            int[] ids;
            try
            {
                ids = tokenizer.Encode(text);
            }
            catch (TextEncodingException error)
            {
                throw error.Within(pair.File, new TextPlace(pair.Line, 1));
            }
            Require.That(ids.Length < context,
                $"{pair.File}: line {pair.Line} has a sentence of {ids.Length} tokens, at most {context - 1} fit into a context of {context}: \"{Excerpt.Of(text, 60)}\"");
            return ids;
        }
    }
}
