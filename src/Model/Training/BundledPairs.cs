using System.Security.Cryptography;
using System.Text;
using MiniGpt.Model.Data;
using MiniGpt.Model.Tokenizers;

namespace MiniGpt.Model.Training;

/// <summary>
/// The sentence pairs that a run learns from where no data is given: English to French and to Japanese, from a small grammar, with a mark before
/// each sentence that says into which language it goes.
/// </summary>
public static class BundledPairs
{
    private const int TrainingPairs = 60_000; // of each language
    private const int ValidationPairs = 500;
    private const string Name = "the grammar";

    private static readonly (PairLanguage Language, string Name)[] s_languages = [(PairLanguage.French, "fr"), (PairLanguage.Japanese, "ja")];

    /// <summary>The names of the languages.</summary>
    public static IReadOnlyList<string> Languages { get; } = [.. s_languages.Select(language => language.Name)];

    /// <summary>What stands before a sentence to say into which language it goes.</summary>
    public static IReadOnlyList<string> Marks { get; } = [.. Languages.Select(TranslationMarks.Of)];

    /// <summary>Sentences that no run learns from, with their translations: 500 into each language, first the French ones.</summary>
    public static List<PairLine> HeldOut() =>
        [.. s_languages.SelectMany(language => Lines(SentencePairGrammar.HeldOut(language.Language, ValidationPairs), language.Name))];

    /// <summary>The pairs to learn from and those to evaluate on.</summary>
    /// <param name="seed">Decides which sentences are learned from.</param>
    internal static (List<PairLine> Train, List<PairLine> HeldOut) Draw(ulong seed)
    {
        List<PairLine> train = [.. s_languages.SelectMany(language =>
            Lines(SentencePairGrammar.Train(language.Language, seed).Take(TrainingPairs), language.Name))];
        return (train, HeldOut());
    }

    /// <summary>The SHA-256 of some pairs, in hexadecimal.</summary>
    internal static string Hash(IEnumerable<PairLine> train, IEnumerable<PairLine> rest)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (PairLine pair in train.Concat(rest))
            hash.AppendData(Encoding.UTF8.GetBytes($"{pair.Source}\t{pair.Target}\n"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<PairLine> Lines(IEnumerable<SentencePair> pairs, string language) =>
        pairs.Select((pair, index) => new PairLine($"{TranslationMarks.Of(language)} {pair.Source}", pair.Target, Name, index + 1));
}
