using System.Text;
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

    /// <summary>A unigram language model of pieces of words.</summary>
    [JsonStringEnumMemberName("unigram")] Unigram,

    /// <summary>BERT's pieces of words.</summary>
    [JsonStringEnumMemberName("wordpiece")] WordPiece,
}

/// <summary>Makes tokenizers from text of any length.</summary>
public static class TokenizerLearner
{
    /// <summary>Whether a tokenizer has as many tokens as are asked for, rather than as many as the text has.</summary>
    public static bool HasSize(LearnedTokenizer kind) => kind is LearnedTokenizer.BytePair or LearnedTokenizer.Unigram or LearnedTokenizer.WordPiece;

    /// <summary>Throws where no such vocabulary of this size can be learned.</summary>
    /// <exception cref="ArgumentException">It is too small or too large, or a special token is wrong.</exception>
    public static void CheckVocabularySize(LearnedTokenizer kind, int vocabularySize, IEnumerable<string> specialTokens)
    {
        switch (kind)
        {
            case LearnedTokenizer.BytePair:
                new BytePairTrainer(specialTokens).CheckVocabularySize(vocabularySize);
                break;
            case LearnedTokenizer.Unigram:
                new UnigramTrainer(specialTokens).CheckVocabularySize(vocabularySize);
                break;
            case LearnedTokenizer.WordPiece:
                new WordPieceTrainer(specialTokens).CheckVocabularySize(vocabularySize);
                break;
        }
    }

    /// <summary>A tokenizer of as many tokens as are asked for, learned from a text.</summary>
    /// <param name="kind">One of those that <see cref="HasSize"/> is true of.</param>
    /// <param name="text">The documents, or parts of them.</param>
    /// <param name="vocabularySize">V: special tokens and all others.</param>
    /// <param name="specialTokens">Tokens that are found in a text as a whole.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends the learning without a result.</param>
    /// <exception cref="ArgumentException">The vocabulary is too small or too large.</exception>
    public static SubwordTokenizer Subwords(
        LearnedTokenizer kind, IReadOnlyList<TextRange> text, int vocabularySize, IEnumerable<string> specialTokens,
        IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        return Subwords(kind, read => Read(text, read, progress, cancellationToken), vocabularySize, specialTokens, progress, cancellationToken);
    }

    /// <summary>A tokenizer of as many tokens as are asked for, learned from sentences.</summary>
    /// <param name="kind">One of those that <see cref="HasSize"/> is true of.</param>
    /// <param name="sentences">The sentences, each a text of its own.</param>
    /// <param name="vocabularySize">V: special tokens and all others.</param>
    /// <param name="specialTokens">Tokens that are found in a text as a whole.</param>
    /// <param name="progress">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends the learning without a result.</param>
    /// <exception cref="ArgumentException">The vocabulary is too small or too large.</exception>
    public static SubwordTokenizer Subwords(
        LearnedTokenizer kind, IEnumerable<string> sentences, int vocabularySize, IEnumerable<string> specialTokens,
        IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        return Subwords(kind, ReadSentences, vocabularySize, specialTokens, progress, cancellationToken);

        void ReadSentences(BlockReader read)
        {
            foreach (string sentence in sentences)
            {
                cancellationToken.ThrowIfCancellationRequested();
                read(Encoding.UTF8.GetBytes(sentence), isFinal: true);
            }
        }
    }

    private static SubwordTokenizer Subwords(
        LearnedTokenizer kind, Action<BlockReader> feed, int vocabularySize, IEnumerable<string> specialTokens,
        IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        CheckVocabularySize(kind, vocabularySize, specialTokens);
        Learned? learned = progress is null ? null : new Learned(progress, vocabularySize);
        switch (kind)
        {
            case LearnedTokenizer.Unigram:
                UnigramTrainer unigram = new(specialTokens);
                feed(unigram.Add);
                return unigram.Train(vocabularySize, learned, cancellationToken);
            case LearnedTokenizer.WordPiece:
                WordPieceTrainer wordPiece = new(specialTokens);
                feed(wordPiece.Add);
                return wordPiece.Train(vocabularySize, learned, cancellationToken);
            default:
                BytePairTrainer pairs = new(specialTokens);
                feed(pairs.Add);
                return pairs.Train(vocabularySize, learned, cancellationToken);
        }
    }

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
        CancellationToken cancellationToken = default) =>
        (BytePairTokenizer)Subwords(LearnedTokenizer.BytePair, text, vocabularySize, specialTokens, progress, cancellationToken);

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
        public void Report(int value) => progress.Report(new DataProgress("learning tokens", value, vocabularySize));
    }
}
