using MiniGpt.Model.Architectures;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Generation;

/// <summary>A translation as text.</summary>
/// <param name="Text">The text.</param>
/// <param name="Score">The sum of its logarithms of probabilities over its length to the power of the penalty.</param>
/// <param name="IsComplete">Whether the model ended it; otherwise there was no room for more.</param>
public readonly record struct Translation(string Text, double Score, bool IsComplete);

/// <summary>
/// Translates sentences of text. A model that knows several languages has a mark for each, which stands before a sentence.
/// Not safe for use from several threads at once; any number of these can share one model.
/// </summary>
public sealed class SentenceTranslator : IDisposable
{
    private readonly ITokenizer _tokenizer;
    private readonly ITokenizer _sourceTokenizer;
    private readonly TranslationSearch<float> _search;
    private readonly string[] _languages;
    private readonly string _mark;

    /// <summary>Translates with a model.</summary>
    /// <param name="model">The model; fastest where it is laid out to be read, <see cref="Translator{T}.ForReading"/>.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="language">Into which language; null for the first that the model knows, or the only one.</param>
    /// <param name="sourceTokenizer">The tokenizer of the sentences, where it is another than that of their translations.</param>
    /// <exception cref="ArgumentException">The model does not know the language.</exception>
    public SentenceTranslator(Translator<float> model, ITokenizer tokenizer, string? language = null, ITokenizer? sourceTokenizer = null)
    {
        (_tokenizer, _sourceTokenizer) = (tokenizer, sourceTokenizer ?? tokenizer);
        _languages = LanguagesOf(_sourceTokenizer);
        string known = _languages.Length == 0 ? "the model knows none by name" : $"{string.Join(" or ", _languages)} expected";
        Require.That(language is null || _languages.Contains(language), $"there is no language '{language}': {known}");
        _mark = (language ?? _languages.FirstOrDefault()) is { } name ? $"{TranslationMarks.Of(name)} " : "";
        _search = new TranslationSearch<float>(model);
    }

    /// <summary>The languages that a tokenizer has marks for, in the order of their ids.</summary>
    public static string[] LanguagesOf(ITokenizer tokenizer) => tokenizer is not SubwordTokenizer subwords ? [] :
        [.. subwords.SpecialIds.Select(id => TranslationMarks.LanguageOf(subwords.TokenText(id))).OfType<string>()];

    /// <summary>The ids of a sentence as the model reads it: with the mark of the language that it goes into, without the token that ends it.</summary>
    /// <param name="sentence">The sentence; one that begins with a mark of a language goes into that one.</param>
    /// <exception cref="ArgumentException">It has what the tokenizer cannot say.</exception>
    public int[] Encode(string sentence) => _sourceTokenizer.Encode(Marked(sentence.Trim()));

    /// <summary>Translates sentences, those of equal length together.</summary>
    /// <param name="sentences">The sentences; one that begins with a mark of a language goes into that one.</param>
    /// <param name="options">How translations are looked for.</param>
    /// <param name="cancellationToken">Ends it between two tokens.</param>
    /// <returns>For each sentence its translations, the best first; an empty one for an empty sentence.</returns>
    /// <exception cref="ArgumentException">A sentence is longer than the context or has what the tokenizer cannot say.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<Translation>[] Translate(IReadOnlyList<string> sentences, SearchOptions options, CancellationToken cancellationToken = default)
    {
        int[][] ids = [.. sentences.Select(Encode)];
        int[] spoken = [.. Enumerable.Range(0, ids.Length).Where(i => sentences[i].AsSpan().Trim().Length > 0)];
        IReadOnlyList<ScoredTranslation>[] found = _search.Translate([.. spoken.Select(i => ids[i])], options, cancellationToken);
        var translations = new IReadOnlyList<Translation>[ids.Length];
        Array.Fill(translations, [new Translation("", 0, IsComplete: true)]);
        for (int i = 0; i < spoken.Length; i++)
            translations[spoken[i]] = [.. found[i].Select(text => new Translation(_tokenizer.Decode(text.Ids), text.Score, text.IsComplete))];
        return translations;
    }

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _search.Dispose();

    private string Marked(string sentence) =>
        _languages.Any(language => sentence.StartsWith(TranslationMarks.Of(language), StringComparison.Ordinal)) ? sentence : _mark + sentence;
}
