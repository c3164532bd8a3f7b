using System.Text.Json.Serialization;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Data;

/// <summary>The tokenizers that are made from a text.</summary>
[JsonConverter(typeof(NameConverter<LearnedTokenizer>))]
public enum LearnedTokenizer
{
    /// <summary>One token a character.</summary>
    [JsonStringEnumMemberName("char")] Character,

    /// <summary>One token a word, and one a white space.</summary>
    [JsonStringEnumMemberName("word")] Word,

    /// <summary>Byte-level byte-pair encoding.</summary>
    [JsonStringEnumMemberName("bpe")] BytePair,
}

/// <summary>Makes tokenizers from text of any length.</summary>
public static class TokenizerLearner
{
    /// <summary>A tokenizer with every character of a text.</summary>
    public static CharacterTokenizer Characters(
        IReadOnlyList<TextRange> text, UnknownCharacter unknown, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        CharacterSet characters = new();
        Read(text, characters.Add, progress, cancellationToken);
        return new CharacterTokenizer(characters.InOrder(), unknown);
    }

    /// <summary>A tokenizer with every word and every white space of a text.</summary>
    public static WordTokenizer Words(
        IReadOnlyList<TextRange> text, UnknownCharacter unknown, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        WordSet words = new();
        Read(text, words.Add, progress, cancellationToken);
        return new WordTokenizer(words.InOrder(), unknown);
    }

    /// <summary>A byte-level BPE, learned from a text.</summary>
    /// <param name="text">The documents, or parts of them.</param>
    /// <param name="vocabularySize">V: special tokens, 256 bytes and merges.</param>
    /// <param name="specialTokens">Tokens that are found in a text as a whole.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends the learning without a result.</param>
    /// <exception cref="ArgumentException">The vocabulary has no room for the special tokens and the bytes, or is too large.</exception>
    public static BytePairTokenizer BytePairs(
        IReadOnlyList<TextRange> text, int vocabularySize, IEnumerable<string> specialTokens, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        BytePairTrainer trainer = new(specialTokens);
        trainer.CheckVocabularySize(vocabularySize);
        Read(text, trainer.Add, progress, cancellationToken);
        return trainer.Train(vocabularySize, progress is null ? null : new Learned(progress, vocabularySize), cancellationToken);
    }

    private static void Read(
        IReadOnlyList<TextRange> text, BlockReader read, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        long total = text.Sum(range => range.End - range.Start), done = 0;
        foreach (TextRange range in text)
        {
            TextBlocks.Read(range.Path, range.Start, range.End, (block, isFinal) =>
            {
                int length = read(block, isFinal);
                done += length;
                progress?.Report(new DataProgress("looking for tokens", done, total));
                return length;
            }, cancellationToken);
        }
    }

    private sealed class Learned(IProgress<DataProgress> progress, int vocabularySize) : IProgress<int>
    {
        public void Report(int value) => progress.Report(new DataProgress("learning merges", value, vocabularySize));
    }
}
